/** Links for customers without an account: made here, copied into a message, ended when they are no longer needed. */
import { WindlassError, type UploadLink, type Windlass } from "windlass";

const DAY_SECONDS = 86_400;
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class CustomerLinks {
  readonly #dialog: HTMLDialogElement;
  readonly #form: HTMLFormElement;
  readonly #made: HTMLElement;
  readonly #address: HTMLInputElement;
  readonly #terms: HTMLElement;
  readonly #list: HTMLElement;
  readonly #wrong: HTMLElement;
  #client: Windlass | null = null;

  constructor(dialog: HTMLDialogElement) {
    const part = <E extends HTMLElement>(name: string) => dialog.querySelector<E>(`[data-part="${name}"]`)!;
    this.#dialog = dialog;
    this.#form = part("form");
    this.#made = part("made");
    this.#address = part("address");
    this.#terms = part("terms");
    this.#list = part("list");
    this.#wrong = part("wrong");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#try(() => this.#make());
    });
    part("copy").addEventListener("click", () => void this.#try(() => this.#copy()));
    part("close").addEventListener("click", () => dialog.close());
  }

  /** Shows the links of a client's project, and makes more. */
  open(client: Windlass): void {
    this.#client = client;
    this.#made.hidden = true;
    this.#list.replaceChildren();
    this.#form.reset();
    this.#dialog.showModal();
    void this.#try(() => this.#refresh());
  }

  async #make(): Promise<void> {
    const client = this.#client;
    const asked = new FormData(this.#form);
    const label = String(asked.get("label") ?? "").trim();
    const { link, token, url } = await this.#links.create({
      ...(label && { label }),
      expires_in_seconds: Number(asked.get("days")) * DAY_SECONDS,
      max_files: Number(asked.get("photos")),
    });
    if (client !== this.#client) {
      // The dialog is another project's by now, whose customer would send to this one.
      return;
    }
    // The service knows the page where WINDLASS_UPLOAD_PAGE names it. After the # it reaches no server's log.
    this.#address.value = url ?? new URL(`send.html#${token}`, location.href).href;
    this.#terms.textContent = `Good for ${link.max_files} photos until ${when.format(new Date(link.expires_at))}. Copy it now: it is not shown again.`;
    this.#made.hidden = false;
    this.#address.select();
    await this.#refresh();
  }

  async #copy(): Promise<void> {
    this.#address.select();
    await navigator.clipboard.writeText(this.#address.value);
    this.#terms.textContent = "Copied. Paste it into a message to your customer.";
  }

  async #refresh(): Promise<void> {
    const client = this.#client;
    const links = await this.#links.list();
    if (client !== this.#client) {
      return;
    }
    const open = links.filter(({ is_open }) => is_open);
    this.#list.replaceChildren(...open.map((link) => this.#line(link)));
  }

  #line(link: UploadLink): HTMLLIElement {
    const line = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = link.label ?? "No name";
    const terms = document.createElement("span");
    terms.textContent = `${link.files} of ${link.max_files} photos, until ${when.format(new Date(link.expires_at))}`;
    const end = document.createElement("button");
    end.type = "button";
    end.textContent = "End";
    end.setAttribute("aria-label", `End the link of ${link.label ?? "no name"}`);
    end.addEventListener("click", () => {
      void this.#try(async () => {
        await this.#links.revoke(link.link_id);
        await this.#refresh();
      });
    });
    line.append(name, terms, end);
    return line;
  }

  get #links(): Windlass["uploadLinks"] {
    if (this.#client === null) {
      throw new Error("the dialog was not opened");
    }
    return this.#client.uploadLinks;
  }

  async #try(work: () => Promise<void>): Promise<void> {
    this.#wrong.textContent = "";
    try {
      await work();
    } catch (thrown) {
      const isForbidden = thrown instanceof WindlassError && thrown.code === "forbidden";
      this.#wrong.textContent = isForbidden
        ? "You may not make links for customers. Ask for the scope “links”."
        : thrown instanceof Error ? thrown.message : String(thrown);
    }
  }
}
