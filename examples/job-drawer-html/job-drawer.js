// A list of jobs, and a drawer per job with "Add photo" and the photos that are there. A job's id is
// its Windlass project. Each job keeps its own uploader and gallery, so that photos go on being sent
// when the drawer is closed or another job is opened.

// Your application would get these from its own API.
const jobs = [
  { id: "job-1041", title: "Garage clear-out", address: "18 Alder Street", time: "08:30" },
  { id: "job-1042", title: "Sofa and two mattresses", address: "204 Harbor Road, 3rd floor", time: "10:15" },
  { id: "job-1043", title: "Yard waste", address: "7 Mill Lane", time: "13:00" },
];

// Your server's address that answers {"token": "…"} for a project the crew may see.
const tokenUrl = (jobId) => `../demo/token?project=${encodeURIComponent(jobId)}`;

const list = document.querySelector("#jobs");
const drawer = document.querySelector("#drawer");
const title = document.querySelector("#drawer-title");
const address = document.querySelector("#drawer-address");
const body = document.querySelector("#drawer-body");

const panels = new Map();
const badges = new Map();

for (const job of jobs) {
  list.append(card(job));
}

function card(job) {
  const badge = make("p", "badge");
  badges.set(job.id, badge);
  const add = make("button", "add", "Add photo");
  add.type = "button";
  add.setAttribute("aria-label", `Add photo to ${job.title}`);
  add.addEventListener("click", () => open(job));
  const text = make("div", "job-text");
  text.append(make("p", "time", job.time), make("h2", "", job.title), make("p", "address", job.address), badge);
  const item = make("li", "job");
  item.append(text, add);
  return item;
}

function open(job) {
  title.textContent = job.title;
  address.textContent = job.address;
  for (const [id, panel] of panels) {
    panel.hidden = id !== job.id;
  }
  if (!panels.has(job.id)) {
    const panel = makePanel(job);
    panels.set(job.id, panel);
    body.append(panel);
  }
  drawer.showModal();
}

function makePanel(job) {
  const uploader = document.createElement("windlass-uploader");
  uploader.strings = { choosePhotos: "Add photo" };
  const gallery = document.createElement("windlass-gallery");
  for (const part of [uploader, gallery]) {
    part.setAttribute("project", job.id);
    part.setAttribute("token-url", tokenUrl(job.id));
  }
  uploader.multiple = true;
  // The gallery shows a stored photo by itself; the card learns of it here.
  uploader.addEventListener("windlass-photo", () => count(job, uploader));
  uploader.addEventListener("windlass-error", () => count(job, uploader));
  const panel = make("section", "panel");
  panel.append(uploader, make("h3", "", "Photos of this job"), gallery);
  return panel;
}

function count(job, uploader) {
  const stored = uploader.uploads.filter((upload) => upload.state === "stored").length;
  const failed = uploader.uploads.filter((upload) => upload.state === "failed").length;
  const parts = [];
  if (stored > 0) {
    parts.push(stored === 1 ? "1 photo added" : `${stored} photos added`);
  }
  if (failed > 0) {
    parts.push(failed === 1 ? "1 not sent" : `${failed} not sent`);
  }
  badges.get(job.id).textContent = parts.join(", ");
}

function make(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

document.querySelector("#close").addEventListener("click", () => drawer.close());
// What hits the drawer itself hit its backdrop. Where text is selected with the mouse and let go of beside the drawer,
// the click is the drawer's, too: what counts is where it began.
let isPressed = false;
drawer.addEventListener("pointerdown", (event) => {
  isPressed = event.target === drawer;
});
drawer.addEventListener("click", (event) => {
  if (isPressed && event.target === drawer) {
    drawer.close();
  }
});
