/**
 * `<windlass-uploader>`: choose, photograph, drop or paste files, and see how they get on.
 *
 * Attributes: `endpoint`, `project`, `token-url`, `accept` (as of `<input>`, pictures by default), `capture` (`environment`
 * or `user`: which camera), `multiple`, `originals` (`on-wifi`: they wait while the browser says that the phone's own
 * network is in use), `details` (what was read of each file and made of it can be unfolded), `service-worker-url`, `theme`.
 * Events, which bubble: `windlass-photo` with `{photo, upload}`, `windlass-error` with `{error, upload}`.
 */
import type { Windlass } from "../client.js";
import { toWindlassError, type WindlassError } from "../errors.js";
import { filesFrom, flattenFiles, type FileSource } from "../files.js";
import type { OriginalsPolicy, WindlassOptions } from "../options.js";
import type { Upload } from "../upload.js";
import { isAccepted, onlyPictures } from "./accept.js";
import { Announcer } from "./announcer.js";
import { tell, translate, WindlassElement } from "./base.js";
import { ClientWatch } from "./client-watch.js";
import { adopt, button, element, focusBeside, handOnKeyboard, icon, setText } from "./dom.js";
import { listenForDrops } from "./drops.js";
import { factsStyles } from "./facts.styles.js";
import { FILES_AT_ONCE, inTurns } from "./in-turns.js";
import { sendAgain } from "./send-again.js";
import { tokens } from "./tokens.styles.js";
import { UploadList } from "./upload-list.js";
import { UploadSummary } from "./upload-summary.js";
import { UploadRow } from "./upload-row.js";
import { UploaderNotes } from "./uploader-notes.js";
import { uploaderStrings, type UploaderStrings } from "./uploader.strings.js";
import { uploaderStyles } from "./uploader.styles.js";
import { whenIdle } from "./warm-up.js";

/** Attributes that change what the element offers, and not what it sends with. */
const OF_CONTROLS = ["accept", "capture", "multiple"];
export class WindlassUploader extends WindlassElement {
  static override readonly observedAttributes = [...WindlassElement.observedAttributes, ...OF_CONTROLS, "originals", "service-worker-url"];

  /** One object, which all parts share. */
  readonly #strings: UploaderStrings = { ...uploaderStrings };
  readonly #changed = new Set<Upload>();
  #frame = 0;
  #page: AbortController | null = null;
  #stopWaiting: () => void = () => undefined;

  /** `null` before the element is in the page. */
  #summary: UploadSummary | null = null;
  readonly #root: ShadowRoot;
  readonly #main = element("div", { part: "base" });
  readonly #announcer = new Announcer(this.#strings);
  readonly #notes = new UploaderNotes();
  readonly #chooser = element("input", { type: "file", hidden: true, class: "chooser" });
  readonly #camera = element("input", { type: "file", hidden: true, class: "camera-input", accept: "image/*" });
  #drop: HTMLDivElement | null = null;

  readonly #list = new UploadList((upload) => new UploadRow(upload, this.#strings, this.#rowActions, this.hasAttribute("details")));
  readonly #watch = new ClientWatch(this.#list, {
    changed: () => this.#refresh(),
    moved: (upload) => this.#touch(upload),
    cancelled: (upload) => this.#rowActions.remove(upload),
    stored: (upload, photo) => {
      this.#announcer.stored(upload.filename);
      tell(this, "windlass-photo", { photo, upload });
    },
    failed: (upload, error) => {
      this.#announcer.failed(upload.filename, this.#strings.error(error));
      tell(this, "windlass-error", { error, upload });
    },
    notKept: (upload, code) => {
      this.#touch(upload);
      this.#notes.warnNotKept(this.#strings.notKept(code));
    },
    kept: () => this.#notes.warnNotKept(null),
  });

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    adopt(this.#root, [tokens, factsStyles, uploaderStyles]);
    for (const input of [this.#chooser, this.#camera]) {
      input.addEventListener("change", () => {
        void this.#addInTurns(flattenFiles(input.files ?? []));
        // So that choosing the same file again is a change.
        input.value = "";
      });
    }
    this.#root.append(this.#main);
    // A notice that is dismissed. The inputs are always hidden, and pressed by an application's own button, too.
    this.#main.addEventListener("click", ({ target }) => target instanceof HTMLInputElement || this.#keepKeyboard(target as Element));
    // Anywhere on the element: a file let go beside the mark would otherwise replace the page.
    listenForDrops(this.#main, {
      hover: (isOver) => this.#markDrop(isOver),
      dropped: (transfer) => void this.#addFrom(transfer),
    });
  }

  /** Everything the element says; assign a changed copy to translate it. */
  get strings(): UploaderStrings {
    return { ...this.#strings };
  }
  set strings(value: Partial<UploaderStrings> | null | undefined) {
    if (translate(this.#strings, uploaderStrings, value) && this.isConnected) {
      this.#render();
    }
  }

  get accept(): string {
    return this.getAttribute("accept") ?? "image/*";
  }
  set accept(value: string | null | undefined) {
    this.reflect("accept", value);
  }

  get multiple(): boolean {
    return this.hasAttribute("multiple");
  }
  set multiple(value: boolean | null | undefined) {
    this.toggleAttribute("multiple", value ?? false);
  }

  /** The uploads in the list. */
  get uploads(): readonly Upload[] {
    return this.#list.uploads;
  }

  /** Opens the file dialog; only while the user is pressing something. */
  choose(): void {
    this.warmUp();
    this.#chooser.click();
  }

  /** Opens the camera, where there is one; only while the user is pressing something. */
  takePhoto(): void {
    this.warmUp();
    this.#camera.click();
  }

  /** Sends files that came another way: whatever a client's `add` takes. */
  add(source: FileSource): readonly Upload[] {
    this.#notes.warn(null);
    const files = source instanceof Blob ? [source] : flattenFiles(source);
    return this.#send(this.multiple ? files : files.slice(0, 1), () => {
      const client = this.connect();
      this.#watch.use(client);
      return client;
    });
  }

  #send(files: readonly Blob[], connect: () => Windlass): readonly Upload[] {
    if (files.length === 0) {
      return [];
    }
    try {
      const client = connect();
      const uploads = files.map((file) => client.add(file));
      for (const upload of uploads) {
        const listed = this.#list.row(upload);
        if (listed === undefined) {
          this.#list.add(upload, client);
        } else {
          listed.highlight();
          this.#announcer.say(this.#strings.alreadyListed(upload.filename));
        }
      }
      this.#refresh();
      return uploads;
    } catch (thrown) {
      const error = toWindlassError(thrown);
      this.#warn(error);
      tell(this, "windlass-error", { error, upload: null });
      return [];
    }
  }

  override connectedCallback(): void {
    this.#render();
    super.connectedCallback();
    this.#page = new AbortController();
    document.addEventListener("paste", (event) => void this.#pasted(event), { signal: this.#page.signal });
  }

  override disconnectedCallback(): void {
    this.#page?.abort();
    this.#stopWaiting();
    super.disconnectedCallback();
    // A client that was given goes on, and would hold them. Moving an element disconnects it for a moment only.
    queueMicrotask(() => this.isConnected || this.uploads.forEach((upload) => upload.releasePreview()));
  }

  override attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (OF_CONTROLS.includes(name)) {
      this.#setControls();
    } else if (name === "originals" && this.ownClient !== null) {
      // Another client would leave behind what waits for Wi-Fi with this one.
      this.ownClient.originals = this.#originals;
    } else {
      super.attributeChangedCallback(name, before, now);
    }
  }

  protected override upgradableProperties(): readonly string[] {
    return [...super.upgradableProperties(), "accept", "multiple"];
  }

  protected override connectionChanged(): void {
    this.#stopWaiting();
    this.#stopWaiting = whenIdle(this, () => this.warmUp());
    this.#setControls();
    this.#goOn();
  }

  protected override left(): void {
    this.#watch.use(null);
  }

  protected override clientOptions(): Partial<WindlassOptions> {
    const serviceWorkerUrl = this.getAttribute("service-worker-url");
    return { ...(serviceWorkerUrl && { serviceWorkerUrl }), originals: this.#originals };
  }

  get #originals(): OriginalsPolicy {
    return this.getAttribute("originals") === "on-wifi" ? "on-wifi" : "at-once";
  }

  #setControls(): void {
    this.#chooser.accept = this.accept;
    this.#chooser.multiple = this.multiple;
    this.#camera.setAttribute("capture", this.getAttribute("capture") || "environment");
    const label = this.#drop?.querySelector(".choose span");
    if (label) {
      setText(label, onlyPictures(this.accept) ? this.#strings.choosePhotos : this.#strings.chooseFiles);
    }
    // Where documents alone are wanted, a photo is not.
    this.#drop?.querySelector(".camera")?.toggleAttribute("hidden", !isAccepted({ name: "photo.jpg", type: "image/jpeg" }, this.accept));
  }

  /** With who and where known, what earlier pages have left goes on by itself. */
  #goOn(): void {
    this.#notes.connected();
    try {
      this.#watch.use(this.configured ? this.connect() : null);
    } catch (thrown) {
      this.#watch.use(null);
      this.#warn(toWindlassError(thrown));
    }
  }

  /** What cannot be sent with the client at hand, until there is another one. */
  #warn(error: WindlassError): void {
    this.#notes.warn(this.#strings.error(error), { untilConnected: true });
  }

  #render(): void {
    const strings = this.#strings;
    // With other words there are other nodes in the same order: the keyboard stays where it was.
    const pressable = (): HTMLElement[] => [...this.#main.querySelectorAll<HTMLElement>("button, summary")];
    const held = pressable().indexOf(this.#root.activeElement as HTMLElement);
    const label = onlyPictures(this.accept) ? strings.choosePhotos : strings.chooseFiles;
    this.#drop = element(
      "div",
      { class: "drop", part: "drop" },
      icon("photo"),
      element(
        "div",
        { class: "actions" },
        button({ label: strings.takePhoto, icon: "camera", showLabel: true, class: "primary camera", part: "button camera" }, () => this.takePhoto()),
        button({ label, icon: "add", showLabel: true, class: "primary choose", part: "button choose" }, () => this.choose()),
      ),
      element("p", { class: "hint", part: "hint" }, strings.hint),
      this.#chooser,
      this.#camera,
    );
    this.#summary = new UploadSummary(strings, {
      pause: () => this.uploads.forEach((upload) => upload.pause()),
      resume: () => this.uploads.forEach((upload) => upload.resume()),
      clear: () => {
        this.#list.clear();
        this.#focusChoose();
        this.#refresh();
      },
    });
    this.#notes.setStrings(strings);
    this.#list.render(strings.listLabel);
    const { node, folded } = this.#list;
    this.#main.replaceChildren(this.#drop, ...this.#notes.nodes, this.#summary.node, folded.note, node, this.#announcer.node);
    this.#setControls();
    this.#refresh();
    pressable()[held]?.focus({ preventScroll: true });
  }

  readonly #rowActions = {
    retry: (upload: Upload): void => {
      const had = this.#list.clientOf(upload);
      if (had === undefined) {
        return;
      }
      try {
        const again = sendAgain(upload, had, () => this.connect());
        this.#watch.watch(again.client);
        this.#list.replace(upload, again.upload, again.client).node.querySelector("button")?.focus();
      } catch (thrown) {
        this.#warn(toWindlassError(thrown));
      }
      this.#refresh();
    },
    remove: (upload: Upload): void => {
      const node = this.#list.row(upload)?.node;
      if (node?.contains(this.#root.activeElement) && !focusBeside(node)) {
        this.#focusChoose();
      }
      this.#list.forget(upload);
      this.#refresh();
    },
    say: (text: string): void => this.#announcer.say(text),
  };

  /** Progress comes often; the page is changed once a frame. */
  #touch(upload: Upload): void {
    this.#changed.add(upload);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const changed of this.#changed) {
        if (!this.isConnected) {
          // Nobody sees its thumbnail, which a client that was given would hold.
          changed.releasePreview();
        }
        this.#list.row(changed)?.update();
      }
      this.#changed.clear();
      this.#list.fold();
      this.#watch.letGo();
      this.#refresh();
    });
  }

  #refresh(): void {
    const { uploads, client } = this;
    const { folded } = this.#list;
    const held = this.#root.activeElement;
    this.#main.classList.toggle("busy", uploads.length > 0);
    if (this.#notes.showResumed(uploads, client?.missing ?? [], this.#strings)) {
      // What else an earlier page has left is listed in the same moment.
      queueMicrotask(() => this.#announcer.say(this.#notes.resumed.textContent ?? ""));
    }
    folded.show(this.#strings);
    this.#summary?.update(uploads, folded, client?.progress.rate_bytes_per_s ?? null);
    this.#keepKeyboard(held);
  }

  #keepKeyboard(held: Element | null): void {
    handOnKeyboard(this.#root, held, ".summary", () => this.#focusChoose());
  }

  /** Where the keyboard goes when what it was on disappears and nothing is beside it. */
  #focusChoose(): void {
    this.#drop?.querySelector<HTMLElement>(".choose")?.focus();
  }

  #markDrop(isOver: boolean): void {
    this.#drop?.classList.toggle("over", isOver);
    const hint = this.#drop?.querySelector(".hint");
    if (hint) {
      setText(hint, isOver ? this.#strings.dropNow : this.#strings.hint);
    }
  }

  async #pasted(event: ClipboardEvent): Promise<void> {
    const target = event.composedPath()[0];
    const typing = target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea)$/i.test(target.tagName));
    // Of several uploaders on a page the first that is visible takes it.
    if (!typing && !event.defaultPrevented && event.clipboardData?.types.includes("Files") && this.checkVisibility?.() !== false) {
      event.preventDefault();
      await this.#addFrom(event.clipboardData);
    }
  }

  /**
   * Adds what a person chose: a browser looks each file up on the disk when its size is asked for. All go the way of the
   * first, whatever the element is set to by then. Whether it could begin.
   */
  async #addInTurns(files: readonly Blob[]): Promise<boolean> {
    const count = this.multiple ? FILES_AT_ONCE : 1;
    const hasBegun = this.add(files.slice(0, count)).length > 0;
    const { client, multiple } = this;
    if (hasBegun && multiple && client !== null) {
      this.#watch.watch(client);
      // Out of the page, or with nobody looking at it, there may be no next time: what is not added yet is not kept either.
      await inTurns(files.slice(count), count, (turn) => this.#send(turn, () => client), () => !this.isConnected || document.hidden);
    }
    return hasBegun;
  }

  async #addFrom(transfer: DataTransfer): Promise<void> {
    const unreadable: WindlassError[] = [];
    const files = await filesFrom(transfer, (error) => unreadable.push(error));
    const accepted = files.filter((file) => isAccepted(file, this.accept));
    // Where it could not begin the notice says why, and that is what matters.
    const surplus = (await this.#addInTurns(accepted)) && !this.multiple ? accepted.slice(1) : [];
    this.#notes.warnLeftOut({ refused: files.filter((file) => !accepted.includes(file)), surplus, unreadable }, this.#strings);
    unreadable.forEach((error) => tell(this, "windlass-error", { error, upload: null }));
  }
}
