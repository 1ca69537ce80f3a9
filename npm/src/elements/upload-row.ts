/** One line of `<windlass-uploader>`: a file, where it stands, and what can be done about it. */
import { isAboutTheFile } from "../errors.js";
import type { Upload, UploadState } from "../upload.js";
import { discardButton } from "./discard-button.js";
import { button, element, icon, setText, type IconName } from "./dom.js";
import { percentOf } from "./format.js";
import { UploadDetails } from "./upload-details.js";
import type { UploaderStrings } from "./uploader.strings.js";

export interface RowActions {
  retry(upload: Upload): void;
  remove(upload: Upload): void;
  /** Aloud. */
  say(text: string): void;
}

/** After trying again for so long the row says why, in milliseconds. */
const SAY_WHY_MS = 20_000;

/** States in which nothing moves by itself for the moment. */
const WAITING: ReadonlySet<UploadState> = new Set(["paused", "waiting_for_network", "waiting_for_wifi", "retrying"]);

export class UploadRow {
  readonly node: HTMLLIElement;
  readonly #upload: Upload;
  readonly #strings: UploaderStrings;
  readonly #actions: RowActions;
  readonly #thumb = element("div", { class: "thumb", part: "thumbnail" });
  readonly #state = element("div", { class: "state", part: "state" });
  readonly #warning = element("div", { class: "warning", hidden: true });
  readonly #fill = element("span");
  readonly #bar: HTMLDivElement;
  readonly #buttons = element("div", { class: "row-buttons" });
  /** Those with words on them, which would leave the name no room beside it. */
  readonly #offers = element("div", { class: "row-offers", hidden: true });
  readonly #details: UploadDetails | null;
  #shownButtons = "";
  /** Since when it has been trying again, by `performance.now()`. */
  #retryingSince: number | null = null;
  #shownPreview: string | null = null;

  /** `withDetails`: what was read and made is told below. */
  constructor(upload: Upload, strings: UploaderStrings, actions: RowActions, withDetails: boolean) {
    this.#upload = upload;
    this.#strings = strings;
    this.#actions = actions;
    this.#bar = element(
      "div",
      {
        class: "bar",
        part: "progress",
        role: "progressbar",
        "aria-label": strings.progressLabel(upload.filename),
        "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      this.#fill,
    );
    this.#thumb.append(icon(iconFor(upload.type)));
    this.#details = withDetails ? new UploadDetails(upload, strings) : null;
    const name = element("div", { class: "name", title: upload.filename }, upload.filename);
    this.node = element(
      "li",
      { class: "row", part: "row" },
      this.#thumb,
      name,
      element("div", { class: "detail" }, this.#state, this.#warning, this.#bar, this.#offers),
      this.#buttons,
      this.#details?.node ?? null,
    );
    this.update();
  }

  update(): void {
    const { state, progress, size, error, reason, warnings, origin, ended, alreadyStored, isCancelling } = this.#upload;
    this.node.dataset["state"] = state;
    // For whoever has to find out why: the words on the page stay those for the crew, until it takes long.
    this.#state.title = reason ?? error?.requestId ?? "";
    const said = state === "failed" && error !== null ? this.#strings.error(error) : this.#strings.state(state, progress, size);
    const why = this.#isStuck() && reason !== null ? this.#strings.stuck(reason) : said;
    const words = isCancelling ? this.#strings.cancelling : alreadyStored ? this.#strings.storedBefore : why;
    setText(this.#state, origin === "elsewhere" && !ended ? `${words} · ${this.#strings.elsewhere}` : words);
    const warning = warnings.map((each) => this.#strings.warning(each)).find((text) => text !== null);
    // A file that was refused is not "sent unchanged".
    this.#warning.hidden = warning === undefined || state === "failed";
    setText(this.#warning, warning ?? "");
    this.#showProgress();
    this.#showPreview();
    this.#showButtons();
    this.#details?.update();
  }

  /** Whether it has been trying again for long; looks again when that may be so. */
  #isStuck(): boolean {
    if (this.#upload.state !== "retrying") {
      this.#retryingSince = null;
      return false;
    }
    if (this.#retryingSince === null) {
      this.#retryingSince = performance.now();
      setTimeout(() => this.update(), SAY_WHY_MS + 50);
    }
    return performance.now() - this.#retryingSince >= SAY_WHY_MS;
  }

  /** Points out that the file is listed already. */
  highlight(): void {
    this.node.classList.remove("again");
    // Reading the layout makes the browser start the animation anew.
    void this.node.offsetWidth;
    this.node.classList.add("again");
    this.node.scrollIntoView({ block: "nearest" });
  }

  #showProgress(): void {
    const { state, progress, ended } = this.#upload;
    this.#bar.hidden = ended;
    // Its place is kept, so that lines do not jump when sending begins.
    this.#bar.classList.toggle("idle", (state === "preparing" || state === "queued") && progress.sent_bytes === 0);
    const percent = state === "checking" ? 100 : percentOf(progress.sent_bytes, progress.total_bytes);
    this.#bar.setAttribute("aria-valuenow", String(percent));
    this.#fill.style.transform = `scaleX(${percent / 100})`;
    this.#bar.classList.toggle("waiting", WAITING.has(state));
  }

  #showPreview(): void {
    const { preview } = this.#upload;
    if (preview === null || preview === this.#shownPreview) {
      return;
    }
    this.#shownPreview = preview;
    const image = element("img", { alt: "", decoding: "async" });
    image.src = preview;
    image.addEventListener("error", () => image.replaceWith(icon("photo")));
    this.#thumb.replaceChildren(image);
  }

  #showButtons(): void {
    const kind = kindOf(this.#upload);
    if (kind === this.#shownButtons) {
      return;
    }
    this.#shownButtons = kind;
    const root = this.node.getRootNode() as Document | ShadowRoot;
    const hadFocus = this.#buttons.contains(root.activeElement) || this.#offers.contains(root.activeElement);
    const offer = this.#offerFor(kind);
    this.#buttons.replaceChildren(...this.#buttonsFor(kind));
    this.#offers.replaceChildren(...(offer === null ? [] : [offer]));
    this.#offers.hidden = offer === null;
    if (hadFocus) {
      // Where the pressed button is gone, the one that took its place keeps the keyboard here, or the line where none did.
      this.node.tabIndex = -1;
      (offer ?? this.#buttons.querySelector("button") ?? this.node).focus();
    }
  }

  #buttonsFor(kind: string): Node[] {
    const upload = this.#upload;
    const { filename: name } = upload;
    const strings = this.#strings;
    const symbol = (label: string, iconName: IconName, act: () => void): HTMLButtonElement =>
      button({ label, icon: iconName, class: "symbol" }, act);
    const discard = (label: string, act: () => void): HTMLButtonElement =>
      discardButton({ label, discard: strings.discard, question: strings.confirmDiscard(name) }, (text) => this.#actions.say(text), act);
    const cancel = (): HTMLButtonElement => discard(strings.cancel(name), () => upload.cancel());
    const remove = (): void => this.#actions.remove(upload);
    switch (kind) {
      case "stored":
      case "stored-before":
        return [element("span", { class: "done" }, icon("check"))];
      case "failed-retryable":
      case "failed":
        return [discard(strings.remove(name), remove)];
      case "refused":
        return [symbol(strings.remove(name), "close", remove)];
      case "cancelling": {
        // It stays where the keyboard is, and has nothing more to do.
        const wait = symbol(strings.cancelling, "close", () => undefined);
        wait.setAttribute("aria-disabled", "true");
        return [wait];
      }
      case "paused":
        return [symbol(strings.resume(name), "play", () => upload.resume()), cancel()];
      default:
        return [symbol(strings.pause(name), "pause", () => upload.pause()), cancel()];
    }
  }

  /** To send it once more, where that is possible. */
  #offerFor(kind: string): HTMLButtonElement | null {
    const labels = new Map([["stored-before", this.#strings.sendAnyway], ["failed-retryable", this.#strings.retry]]);
    const label = labels.get(kind);
    return label === undefined
      ? null
      : button({ label, icon: "retry", showLabel: true, class: "quiet" }, () => this.#actions.retry(this.#upload));
  }
}

/** What can be done about it. */
function kindOf({ state, error, alreadyStored, isReadable, isCancelling }: Upload): string {
  if (isCancelling) {
    return "cancelling";
  }
  switch (state) {
    case "failed":
      if (error !== null && isAboutTheFile(error)) {
        // Nothing of it is kept any more.
        return "refused";
      }
      return isReadable && error !== null && error.code !== "file_gone" ? "failed-retryable" : "failed";
    case "stored":
      return alreadyStored && isReadable ? "stored-before" : "stored";
    case "paused":
      return "paused";
    default:
      return "active";
  }
}

function iconFor(contentType: string): IconName {
  if (contentType.startsWith("video/")) {
    return "video";
  }
  if (contentType.startsWith("image/") || contentType === "") {
    return "photo";
  }
  return contentType.includes("zip") ? "archive" : "document";
}
