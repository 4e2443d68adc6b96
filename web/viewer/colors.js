// SPDX-License-Identifier: Apache-2.0
// colors: what a frame looks like: by the kind of its code, by its library, or by how it changed; paler where a search
// does not find it. A color is a pixel of an image: 0xAABBGGRR.

import { KIND_MARKER, hashText } from './model.js';
import { NO_FRAME } from './tree.js';

const KIND_HUES = [30, 215, 115, 0];
export const MATCHED = rgb(225, 70, 225);
const N_CHANGES = 201; // shades from -100 % to +100 %

function rgb(r, g, b) {
  return (0xff000000 | b << 16 | g << 8 | r) >>> 0;
}

// Hue in degrees, saturation and lightness of 1.
function hsl(hue, saturation, lightness) {
  const channel = (n) => {
    const k = (n + hue / 30) % 12;
    const a = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return rgb(channel(0), channel(8), channel(4));
}

function mix(color, other, share) {
  const part = (shift) => Math.round((color >>> shift & 255) * (1 - share) + (other >>> shift & 255) * share);
  return rgb(part(0), part(8), part(16));
}

// What can be read on it.
export function textColor(color) {
  const brightness = (color & 255) * 0.3 + (color >>> 8 & 255) * 0.59 + (color >>> 16 & 255) * 0.11;
  return brightness > 100 ? '#000' : '#d8dade';
}

export function cssColor(color) {
  return `rgb(${color & 255} ${color >>> 8 & 255} ${color >>> 16 & 255})`;
}

export function kindColor(kind, shade, isDark) {
  return hsl(KIND_HUES[kind], kind === KIND_MARKER ? 0 : 0.72, (isDark ? 0.6 : 0.7) + shade * 0.05);
}

export function libraryColor(library, isDark) {
  return library ? hsl(hashText(library) % 360, 0.5, isDark ? 0.62 : 0.72) : hsl(0, 0, isDark ? 0.6 : 0.75);
}

// -1: gone, 0: as it was, 1: new.
export function changeColor(change, isDark) {
  const [r, g, b] = change > 0 ? [235, 60, 50] : [60, 110, 235];
  return mix(isDark ? rgb(170, 170, 170) : rgb(240, 240, 240), rgb(r, g, b), Math.sqrt(Math.abs(change)));
}

function changeOf(before, after) {
  const most = Math.max(Math.abs(before), Math.abs(after));
  return most > 0 ? Math.max(-1, Math.min(1, (after - before) / most)) : 0;
}

// One for each function: of kinds in five shades, of libraries one each.
function frameColors(model, mode, isDark) {
  const shades = KIND_HUES.map((_, kind) => [-1, -0.5, 0, 0.5, 1].map((shade) => kindColor(kind, shade, isDark)));
  const libraries = new Map(), colors = new Uint32Array(model.nFrames);
  for (let frame = 0; frame < model.nFrames; frame++) {
    const library = model.libraries[frame];
    if (mode !== 'library') {
      colors[frame] = shades[model.kinds[frame]][hashText(model.functions[frame].slice(-8)) % 5];
      continue;
    }
    if (!libraries.has(library))
      libraries.set(library, libraryColor(library, isDark));
    colors[frame] = libraries.get(library);
  }
  return colors;
}

export class Colors {
  constructor(model, mode, isDark) {
    this.mode = mode;
    this.background = isDark ? rgb(27, 29, 33) : rgb(255, 255, 255);
    this.outline = isDark ? '#fff' : '#111';
    this.small = isDark ? rgb(110, 110, 115) : rgb(190, 190, 195); // frames too narrow to be drawn one by one
    this.root = isDark ? rgb(140, 140, 140) : rgb(215, 215, 215);
    this.frames = frameColors(model, mode, isDark);
    this.changes = Uint32Array.from({ length: N_CHANGES }, (_, i) => changeColor(i / 100 - 1, isDark));
    this.pale = new Map();
    this.lines = new Map();
  }

  paled(color) {
    if (!this.pale.has(color))
      this.pale.set(color, mix(color, this.background, 0.72));
    return this.pale.get(color);
  }

  // Of the lines over a frame of this color.
  hatched(color) {
    if (!this.lines.has(color))
      this.lines.set(color, mix(color, rgb(0, 0, 0), 0.18));
    return this.lines.get(color);
  }

  // isMatched: null where nothing is searched for.
  of(tree, node, isMatched) {
    const frame = tree.frame[node];
    let color = this.root;
    if (isMatched)
      return MATCHED;
    if (this.mode === 'change')
      color = this.changes[Math.round(100 * changeOf(tree.total[0][node], tree.total[1][node])) + 100];
    else if (frame !== NO_FRAME)
      color = this.frames[frame];
    return isMatched === null ? color : this.paled(color);
  }
}
