/** The look of `<windlass-gallery>`. */
export const galleryStyles: string = `
.grid {
  display: grid; gap: var(--windlass-gap, 6px);
  grid-template-columns: repeat(auto-fill, minmax(min(var(--windlass-tile, 150px), 30%), 1fr));
}
.tile {
  position: relative; display: flex; flex-direction: column; gap: 0.375rem;
  width: 100%; height: auto; aspect-ratio: 1; padding: 0; overflow: hidden;
  border: 0; border-radius: 10px; background: var(--_sunken); color: var(--_muted);
}
.tile img {
  position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover;
  opacity: 0; transition: opacity 200ms, transform 200ms;
}
.tile img.loaded { opacity: 1; }
@media (hover: hover) { .tile:hover img.loaded { transform: scale(1.03); } }
.tile > .icon { width: 2rem; height: 2rem; stroke-width: 1.4; }
.tile > .icon:last-child { display: none; }
.tile.warned > .icon:last-child {
  display: block; position: absolute; right: 6px; bottom: 6px; width: 26px; height: 26px; padding: 4px;
  border-radius: 50%; background: var(--_surface); color: var(--_warning); stroke-width: 2;
}
.caption {
  max-width: 100%; padding: 0 0.5rem; font-size: 0.8125rem; font-weight: 400;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate;
}
.arriving {
  position: absolute; left: 6px; bottom: 6px; max-width: calc(100% - 12px); display: flex; align-items: center;
  gap: 0.25rem; padding: 0.1875rem 0.5rem 0.1875rem 0.375rem; border-radius: 12px; background: var(--_surface);
  color: var(--_text); font-size: 0.75rem; font-weight: 500; line-height: 1.2; text-align: start;
}
.arriving .icon { width: 0.9375rem; height: 0.9375rem; stroke-width: 2; color: var(--_muted); }
.tile.warned .arriving { max-width: calc(100% - 46px); }
.waiting .tile { animation: breathe 1.4s ease-in-out infinite alternate; }
.stale { opacity: 0.5; }
@keyframes breathe { from { opacity: 1; } to { opacity: 0.45; } }

.field {
  min-height: 44px; padding: 0 0.75rem; border: 1px solid var(--_field-line); border-radius: 10px;
  background: var(--_surface); color: inherit; font: inherit; min-width: 0;
}
.field::placeholder { color: var(--_muted); opacity: 1; }
.search { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-bottom: 0.75rem; align-items: center; }
.search .words { flex: 4 1 16rem; }
.words::-webkit-search-cancel-button { display: none; }
.search select { flex: 1 1 7rem; padding: 0 0.375rem; text-overflow: ellipsis; }
.words-of { display: grid; gap: 0.625rem; margin-bottom: 1rem; justify-items: start; }
.words-of > * { max-width: 100%; }
.caption-text { white-space: pre-line; overflow-wrap: anywhere; }
.tags { display: flex; flex-wrap: wrap; gap: 0.375rem; }
.tags li { min-width: 0; }
.tag {
  display: inline-flex; align-items: center; max-width: 100%; min-height: 32px; min-width: 0; padding: 0 0.75rem;
  border-radius: 16px; background: var(--_accent-soft); color: var(--_accent-strong); font-size: 0.875rem;
  font-weight: 500; overflow-wrap: anywhere; unicode-bidi: isolate;
}
button.tag { min-height: 36px; }
.edit { margin-inline-start: -0.5rem; }
.edit-form { display: grid; gap: 0.75rem; width: 100%; }
.edit-form label { display: grid; gap: 0.25rem; color: var(--_muted); font-size: 0.8125rem; }
.edit-form .field { width: 100%; font-size: 1rem; color: var(--_text); }
.edit-form textarea { padding: 0.625rem 0.75rem; resize: vertical; }

.message {
  display: flex; flex-direction: column; align-items: center; gap: 0.375rem;
  padding: 2.5rem 1.25rem; border-radius: var(--_radius); background: var(--_sunken); text-align: center;
}
.message > .icon { width: 2.25rem; height: 2.25rem; color: var(--_muted); stroke-width: 1.4; }
.message h2 { font-size: 1.0625rem; font-weight: 600; }
.message p { color: var(--_muted); font-size: 0.9375rem; max-width: 34rem; overflow-wrap: anywhere; }
.message button { margin-top: 0.625rem; }
.message.failed > .icon { color: var(--_danger); }
.grid:not(:empty) + .foot .message { margin-top: 0.75rem; }
.more { display: flex; justify-content: center; margin-top: 1rem; }

dialog {
  width: 100vw; height: 100vh; height: 100dvh; max-width: none; max-height: none; padding: 0; border: 0;
  background: var(--_surface); color: var(--_text); overflow: hidden;
}
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(10 16 14 / 62%); }
.bar-top { display: flex; align-items: center; gap: 0.25rem; padding-block: 0.375rem; padding-inline: 1rem 0.5rem; flex: none; }
.title {
  flex: 1; min-width: 0; font-size: 1rem; font-weight: 600;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate;
}
.step[aria-disabled="true"] { opacity: 0.3; }
.step.mirrored .icon { transform: scaleX(-1); }
.body { flex: 1; min-height: 0; overflow: auto; overscroll-behavior: contain; }
.stage {
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 0.5rem;
  min-height: 12rem; background: var(--_sunken); color: var(--_muted); font-size: 0.9375rem;
}
.stage img, .stage video { display: block; max-width: 100%; max-height: 70vh; max-height: 70dvh; width: auto; height: auto; object-fit: contain; }
.stage .icon { width: 2.5rem; height: 2.5rem; stroke-width: 1.4; }
figcaption { padding: 0 1rem; text-align: center; }
.side { padding: 1rem 1rem 1.5rem; overflow-x: clip; }
.facts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.125rem; }
.facts dt { color: var(--_muted); font-size: 0.8125rem; }
.facts dd { margin-bottom: 0.75rem; overflow-wrap: anywhere; }
.map { display: flex; align-items: center; min-height: 44px; width: fit-content; color: var(--_accent); font-weight: 550; }
.note, .problem { overflow-wrap: anywhere; }
.note:not(:empty) {
  margin-bottom: 1rem; padding: 0.625rem 0.75rem; border-radius: 10px; background: var(--_sunken); font-size: 0.9375rem;
}
.warnings:not(:empty) { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.5rem; margin-bottom: 1rem; }
.warnings li { display: flex; gap: 0.5rem; color: var(--_warning); font-size: 0.9375rem; }
.warnings span { min-width: 0; overflow-wrap: anywhere; }
.dialog-buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.5rem; }
.problem { flex-basis: 100%; color: var(--_danger); font-size: 0.9375rem; }
.problem:empty { display: none; }
.problem.late { position: sticky; bottom: 0; margin-top: 0.75rem; padding: 0.75rem; border-radius: 10px; background: var(--_danger-soft); }

@media (min-width: 800px) {
  dialog { width: min(1200px, 94vw); height: min(820px, 92vh); height: min(820px, 92dvh); margin: auto; border-radius: var(--_radius); box-shadow: var(--_shadow); }
  .body { display: grid; grid-template-columns: minmax(0, 1fr) 20rem; overflow: hidden; }
  .stage { min-height: 0; }
  .stage img, .stage video { max-height: 100%; }
  .side { overflow: hidden auto; padding: 1.25rem; }
}
`;
