/**
 * Colours and sizes of all elements. A page overrides any `--windlass-…` property. Lines between things are faint; those
 * around fields are all that shows where to write, and keep 3:1 to what is beside them (WCAG 1.4.11).
 */

const LIGHT = `
  --_accent: var(--windlass-accent, #0f6b5c);
  --_accent-strong: var(--windlass-accent-strong, #0b5348);
  --_on-accent: var(--windlass-on-accent, #ffffff);
  --_accent-soft: var(--windlass-accent-soft, #e3f1ee);
  --_surface: var(--windlass-surface, #ffffff);
  --_sunken: var(--windlass-sunken, #f3f5f4);
  --_line: var(--windlass-line, #dde3e1);
  --_field-line: var(--windlass-field-line, #84908b);
  --_text: var(--windlass-text, #17211e);
  --_muted: var(--windlass-muted, #596662);
  --_danger: var(--windlass-danger, #b3261e);
  --_danger-soft: var(--windlass-danger-soft, #fbeceb);
  --_warning: var(--windlass-warning, #8a5300);
  --_shadow: var(--windlass-shadow, 0 1px 2px rgb(0 0 0 / 6%), 0 4px 16px rgb(0 0 0 / 5%));
`;

const DARK = `
  --_accent: var(--windlass-accent, #5cc9b3);
  --_accent-strong: var(--windlass-accent-strong, #82dcca);
  --_on-accent: var(--windlass-on-accent, #06231d);
  --_accent-soft: var(--windlass-accent-soft, #15332d);
  --_surface: var(--windlass-surface, #171d1b);
  --_sunken: var(--windlass-sunken, #202826);
  --_line: var(--windlass-line, #33403c);
  --_field-line: var(--windlass-field-line, #707d79);
  --_text: var(--windlass-text, #e9efed);
  --_muted: var(--windlass-muted, #a0aeaa);
  --_danger: var(--windlass-danger, #ff9c94);
  --_danger-soft: var(--windlass-danger-soft, #3a1d1b);
  --_warning: var(--windlass-warning, #f0b765);
  --_shadow: var(--windlass-shadow, 0 1px 2px rgb(0 0 0 / 40%));
`;

/** `theme="light"` or `theme="dark"` on an element overrules the reader's preference. */
export const tokens: string = `
:host { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { color-scheme: dark; ${DARK} } }
:host([theme="dark"]) { color-scheme: dark; ${DARK} }

:host {
  display: block;
  color: var(--_text);
  font: 400 1rem/1.45 var(--windlass-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  -webkit-text-size-adjust: 100%;
  --_radius: var(--windlass-radius, 14px);
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
ul { list-style: none; margin: 0; padding: 0; }
p, h2, dl, dd, figure { margin: 0; }

.icon {
  width: 1.375rem; height: 1.375rem; flex: none;
  fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round;
}

button, .button {
  display: inline-flex; align-items: center; justify-content: center; gap: 0.5rem;
  min-width: 44px; min-height: 44px; padding: 0 1rem;
  border: 1px solid transparent; border-radius: 10px;
  background: none; color: inherit; font: inherit; font-weight: 550;
  cursor: pointer; text-decoration: none; -webkit-tap-highlight-color: transparent;
}
button:is(:disabled, [aria-disabled="true"]) { opacity: 0.5; cursor: default; }
.primary { background: var(--_accent); color: var(--_on-accent); }
.secondary { border-color: var(--_line); background: var(--_surface); }
.quiet { padding: 0 0.5rem; color: var(--_accent); }
.symbol { padding: 0; color: var(--_muted); }
.danger { padding: 0 0.75rem; color: var(--_danger); }
/* A finger leaves no pointer behind: without this the last thing touched stays lit. */
@media (hover: hover) {
  .primary:hover { background: var(--_accent-strong); }
  .secondary:hover { border-color: var(--_accent); background: var(--_accent-soft); }
  .quiet:hover { background: var(--_accent-soft); }
  .symbol:hover { background: var(--_sunken); color: var(--_text); }
  .danger:hover { background: var(--_danger-soft); }
}
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }

.visually-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
`;
