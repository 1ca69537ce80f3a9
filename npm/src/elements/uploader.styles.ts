/** The look of `<windlass-uploader>`. */
export const uploaderStyles: string = `
:host { container-type: inline-size; }

.drop {
  display: flex; flex-direction: column; align-items: center; gap: 0.75rem;
  padding: 1.5rem 1rem;
  border: 1.5px dashed var(--_line); border-radius: var(--_radius);
  background: var(--_surface); text-align: center;
  transition: border-color 120ms, background-color 120ms;
}
.drop.over { border-color: var(--_accent); border-style: solid; background: var(--_accent-soft); }
.drop > .icon { width: 2.25rem; height: 2.25rem; color: var(--_accent); stroke-width: 1.4; }
.actions { display: flex; flex-wrap: wrap; gap: 0.625rem; justify-content: center; width: 100%; }
.actions button { min-height: 48px; padding: 0 1.25rem; white-space: nowrap; }
.hint { color: var(--_muted); font-size: 0.875rem; }
.camera { display: none; }
@media (pointer: coarse) {
  .drop { padding: 1.25rem 0.875rem; }
  .actions button { flex: 1 1 auto; padding: 0 0.5rem; }
  .camera { display: inline-flex; }
  /* With a camera at hand, choosing comes second. */
  .choose { border-color: var(--_line); background: var(--_surface); color: var(--_text); }
  .hint { display: none; }
}
.busy .drop { padding: 0.875rem; gap: 0.5rem; }
.busy .drop > .icon { display: none; }

.summary { margin-top: 1.25rem; }
.summary-line { display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; min-height: 44px; }
.summary-text { font-weight: 600; font-variant-numeric: tabular-nums; }
.summary-buttons { display: flex; flex: none; }

.bar { height: 4px; border-radius: 2px; background: var(--_line); overflow: hidden; }
.bar > span {
  display: block; height: 100%; border-radius: inherit; background: var(--_accent);
  transform: scaleX(0); transform-origin: left; transition: transform 250ms linear;
}
:host(:dir(rtl)) .bar > span { transform-origin: right; }
.bar.waiting > span { background: var(--_muted); }
@media (forced-colors: active) {
  .bar > span { forced-color-adjust: none; background: Highlight; }
  .bar.waiting > span { background: GrayText; }
}

.folded, .resumed { margin: 0.75rem 0 0; color: var(--_muted); }
.notice, .resumed { overflow-wrap: anywhere; }
.notice {
  display: flex; align-items: center; gap: 0.625rem; margin-top: 0.75rem;
  padding: 0.25rem 0.25rem 0.25rem 0.875rem; border-radius: 10px;
  background: var(--_danger-soft); color: var(--_danger); font-size: 0.9375rem;
}
.notice p { flex: 1; padding: 0.5rem 0; }

.row {
  display: grid; grid-template: "thumb name buttons" auto "thumb detail detail" 1fr "more more more" auto / 56px minmax(0, 1fr) auto;
  column-gap: 0.875rem; padding: 0.75rem 0; border-top: 1px solid var(--_line);
}
.list { margin-top: 0.5rem; }
.list .row:first-child { border-top: 0; }
.thumb {
  grid-area: thumb; width: 56px; height: 56px; border-radius: 10px; overflow: hidden;
  display: grid; place-items: center; background: var(--_sunken); color: var(--_muted);
}
.thumb img { width: 100%; height: 100%; object-fit: cover; display: block; }
.name { grid-area: name; align-self: center; font-weight: 550; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate; }
.state { color: var(--_muted); font-size: 0.875rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.row-buttons { grid-area: buttons; display: flex; margin-block: -8px -6px; }
.row-buttons button:is(*, :hover) { padding: 4px; background-clip: content-box; }
.row-buttons button > span { padding: 0 0.375rem; }
.row-offers { display: flex; margin-inline-start: -0.75rem; }
.row-offers[hidden] { display: none; }
.detail { grid-area: detail; }
.details { grid-area: more; margin-bottom: -0.5rem; }
.row > .details > summary { margin-inline-start: calc(56px + 0.875rem); }
.details-content { padding: 0.25rem 0 1rem; display: grid; gap: 0.5rem; }
.details h3 { margin: 0.5rem 0 0; font-size: 0.875rem; font-weight: 600; }
.details h3:first-child { margin-top: 0; }
.details p, .odd { font-size: 0.875rem; }
.how { color: var(--_muted); }
.pictures { width: 100%; border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.pictures th { width: 8.875rem; font-weight: 400; text-align: start; color: var(--_muted); overflow-wrap: anywhere; }
.pictures :is(th, td) { padding: 0.25rem 0.875rem 0.25rem 0; vertical-align: top; }
.pictures td:last-child { padding-inline-end: 0; }
.pictures td:nth-child(3) { text-align: end; white-space: nowrap; }
.odd { display: grid; gap: 0.375rem; }
.odd code { color: var(--_muted); overflow-wrap: anywhere; }
.row .bar { margin-top: 0.5rem; }
.row .bar.idle { visibility: hidden; }
.warning { color: var(--_warning); font-size: 0.875rem; margin-top: 0.125rem; }
.row[data-state="stored"] .state { color: var(--_accent); }
.row[data-state="failed"] .state { color: var(--_danger); }
.row[data-state="failed"] .thumb { background: var(--_danger-soft); color: var(--_danger); }
.done { display: grid; place-items: center; width: 44px; height: 44px; color: var(--_accent); }

.row.again { animation: again 900ms ease-out; border-radius: 10px; }
@keyframes again { from { background: var(--_accent-soft); } to { background: transparent; } }
@container (min-width: 560px) {
  .drop { padding: 2.25rem 1.5rem; }
}
`;
