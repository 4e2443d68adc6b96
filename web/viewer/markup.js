// SPDX-License-Identifier: Apache-2.0
// markup: the elements of a view. They are found by their classes, so that a page may hold several views.

export const MARKUP = `
<div class="tools">
<div class="views" role="tablist" aria-label="views">
<button role="tab" data-view="graph" title="the graph (g)">Graph</button>
<button role="tab" data-view="top" title="functions (t)">Top</button>
<button role="tab" data-view="sandwich" title="callers and callees (s)">Callers</button>
</div>
<input class="search" type="search" placeholder="search: a regular expression ( / )" aria-label="search"
 autocomplete="off" spellcheck="false">
<output class="matched"></output>
<label>color <select class="color"></select></label>
<button class="flip" title="turn the graph over (i)"></button>
<button class="help-button" title="keys (?)" aria-label="keys">?</button>
</div>
<nav class="crumbs" aria-label="zoom"></nav>
<div class="stage">
<div class="graph pane" role="tabpanel" aria-label="graph" data-view="graph"><div class="space">
<canvas role="application" tabindex="0"
 aria-label="the graph: arrow keys go from frame to frame, ? lists the keys, what a frame is stands below"></canvas>
</div></div>
<div class="top" role="tabpanel" aria-label="functions" data-view="top">
<p class="count"></p>
<div class="table" role="table" aria-label="functions" tabindex="0"><div class="head" role="row"></div>
<div class="space"><div class="body" role="rowgroup"></div></div></div>
</div>
<div class="sandwich" role="tabpanel" aria-label="callers and callees" data-view="sandwich">
<p class="sandwich-of"></p>
<div class="callers pane"><div class="space">
<canvas role="application" tabindex="0" aria-label="callers"></canvas>
</div></div>
<div class="callees pane"><div class="space">
<canvas role="application" tabindex="0" aria-label="callees"></canvas>
</div></div>
</div>
</div>
<div class="facts">
<div class="details" aria-live="polite"><p class="frame-name" tabindex="0"></p><p class="numbers"></p>
<p><button class="copy" title="the whole name (c)">copy the name</button>
<button class="open" title="callers and callees (s)">callers</button></p></div>
<p class="legend"></p>
<p class="totals"></p>
<details class="quality"><summary class="quality-line"></summary><ul class="reasons"></ul></details>
<p class="small"></p>
</div>
<dialog class="help" aria-label="keys">
<h2>Keys</h2>
<dl class="keys"></dl>
<p>A click on a frame zooms in; Ctrl with the wheel zooms at the pointer, as two fingers do, and dragging moves. The
address of the page has all that is set: a link to it shows the same.</p>
<form method="dialog"><button>close</button></form>
</dialog>
`;
