// SPDX-License-Identifier: Apache-2.0
// palette: the tone of each group, the same in the timeline and in the table, and after a refresh as before: a class
// "tone-N" of page.css, which knows how it looks in the dark.

const N_TONES = 8;

function hashText(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

// What a group is known by: the values of its keys, in order.
export function groupId(values) {
  return JSON.stringify(values);
}

// Map of id to class: each has a tone of its own, as long as there are enough of them.
export function tonesOf(ids) {
  const tones = new Map(), used = new Set();
  for (const id of ids) {
    let tone = hashText(id) % N_TONES;
    while (used.has(tone) && used.size < N_TONES)
      tone = (tone + 1) % N_TONES;
    used.add(tone);
    tones.set(id, `tone-${tone}`);
  }
  return tones;
}
