/** The look of what is said about a file, in both elements. */
export const factsStyles: string = `
details > summary {
  display: inline-flex; align-items: center; gap: 0.375rem; min-height: 44px;
  color: var(--_accent); font-size: 0.875rem; font-weight: 550; cursor: pointer; list-style: none;
}
details > summary::-webkit-details-marker { display: none; }
details > summary::after {
  content: ""; width: 0.45em; height: 0.45em; margin-top: -0.2em;
  border: solid currentColor; border-width: 0 1.75px 1.75px 0; transform: rotate(45deg);
}
details[open] > summary::after { margin-top: 0.2em; transform: rotate(225deg); }
@media (hover: hover) { details > summary:hover { text-decoration: underline; } }

.readings { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: 0.25rem 0.875rem; font-size: 0.875rem; }
.readings dt { color: var(--_muted); }
.readings dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; unicode-bidi: plaintext; }
`;
