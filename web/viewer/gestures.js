// SPDX-License-Identifier: Apache-2.0
// gestures: what pointers and fingers do on the canvas of a pane: a press zooms to a frame, one that moves drags the
// graph, two fingers stretch it, and the wheel zooms with Ctrl or moves sideways.

const DRAG_PIXELS = 4; // a press that moves farther is no click
const MIN_PINCH_PIXELS = 10; // between two fingers: what they stretch is not known when they touch
const WHEEL_PIXELS = 450; // that zoom by e
const MAX_WHEEL_FACTOR = 1.25; // of one event

export class Gestures {
  constructor(pane) {
    this.pane = pane;
    this.pointers = new Map(); // those that are pressed, and their x
    this.isDrag = false;
    const on = (type, run, options) => pane.canvas.addEventListener(type, run, options);
    on('pointerdown', (event) => this.press(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.release(event));
    on('pointercancel', (event) => this.leave(event));
    on('wheel', (event) => this.turn(event), { passive: false });
  }

  press(event) {
    this.pointers.set(event.pointerId, event.offsetX);
    this.hold();
  }

  // What is under the pointers now is to stay under them.
  hold() {
    const { pane } = this;
    this.held = [...this.pointers.values()].map((x) => pane.valueAt(x));
    this.start = [...this.pointers.values()][0];
  }

  move(event) {
    const { pane, pointers } = this;
    if (!event.buttons)
      pointers.delete(event.pointerId); // it was released elsewhere
    if (!pointers.has(event.pointerId)) {
      pane.hover(pane.nodeAt(event.offsetX, event.offsetY));
      return;
    }
    pointers.set(event.pointerId, event.offsetX);
    if (pointers.size > 1 || Math.abs(event.offsetX - this.start) > DRAG_PIXELS)
      this.isDrag = true;
    if (this.isDrag)
      this.pull();
  }

  pull() {
    const { pane, held } = this, [x, other] = this.pointers.values(), width = pane.canvas.clientWidth;
    let perPixel = (pane.to - pane.from) / width;
    if (this.pointers.size === 2) {
      const stretched = (held[1] - held[0]) / (other - x);
      if (Math.abs(other - x) < MIN_PINCH_PIXELS || !(stretched > 0))
        return;
      perPixel = stretched;
    }
    const from = held[0] - x * perPixel;
    pane.setRange(from, from + width * perPixel);
  }

  release(event) {
    const { pane } = this, node = pane.nodeAt(event.offsetX, event.offsetY);
    const isClick = this.pointers.has(event.pointerId) && !this.isDrag;
    if (isClick && node >= 0 && event.button === 0)
      pane.on.zoom(node);
    this.leave(event);
  }

  leave(event) {
    this.pointers.delete(event.pointerId);
    this.hold();
    if (this.pointers.size > 0)
      return;
    if (this.isDrag)
      this.pane.on.moved();
    this.isDrag = false;
  }

  turn(event) {
    const { pane } = this, isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !isSideways)
      return;
    event.preventDefault();
    if (isSideways)
      pane.moveBy(event.deltaX);
    else
      pane.zoomBy(Math.min(Math.max(Math.exp(event.deltaY / WHEEL_PIXELS), 1 / MAX_WHEEL_FACTOR), MAX_WHEEL_FACTOR),
        event.offsetX);
    pane.on.moved();
  }
}
