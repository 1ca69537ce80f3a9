// A list of jobs, and a drawer per job with "Add photo" and the photos that are there. A job's id is
// its Windlass project. Each job keeps its own uploader, so that photos go on being sent when the drawer
// is closed or another job is opened. A phone may end the page at any time, as while its camera is open:
// the photos are kept, and go on as soon as their job's uploader is there again.

// Your application would get these from its own API.
const jobs = [
  { id: "job-1041", title: "Garage clear-out", address: "18 Alder Street", time: "08:30" },
  { id: "job-1042", title: "Sofa and two mattresses", address: "204 Harbor Road, 3rd floor", time: "10:15" },
  { id: "job-1043", title: "Yard waste", address: "7 Mill Lane", time: "13:00" },
];

// Where the Windlass service is, such as "https://photos.example.com". The demo serves this page itself.
const endpoint = "/";

// Your server's address that answers {"token": "…"} for a project the crew may see.
const tokenUrl = (jobId) => `../demo/token?project=${encodeURIComponent(jobId)}`;

// Where the browser remembers which jobs have photos that are not stored yet: their ids, and nothing else.
const UNFINISHED = "unfinished-jobs";

// Such a photo was refused itself, and is not kept. Everything else goes on with the next page, also a photo whose file
// is gone since it was chosen: what the browser keeps of it is all there is. (Where it keeps nothing the job stays
// remembered until another photo of it is stored.)
const REFUSED = new Set(["type_not_allowed", "type_mismatch", "file_too_large", "file_too_small"]);

const list = document.querySelector("#jobs");
const drawer = document.querySelector("#drawer");
const title = document.querySelector("#drawer-title");
const address = document.querySelector("#drawer-address");
const body = document.querySelector("#drawer-body");

const panels = new Map();
const badges = new Map();
let gallery = null;

for (const job of jobs) {
  list.append(card(job));
}
const unfinished = unfinishedJobs();
for (const job of jobs.filter(({ id }) => unfinished.has(id))) {
  addPanel(job);
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
  const shown = panels.get(job.id) ?? addPanel(job);
  for (const panel of panels.values()) {
    panel.hidden = panel !== shown;
  }
  // One for all jobs: each has a connection open for its news, and over HTTP/1.1 a browser has six of them.
  gallery?.remove();
  gallery = forJob("windlass-gallery", job);
  shown.append(gallery);
  drawer.showModal();
}

function addPanel(job) {
  const uploader = forJob("windlass-uploader", job);
  uploader.strings = { choosePhotos: "Add photo" };
  uploader.multiple = true;
  const panel = make("section", "panel");
  panel.append(uploader, make("h3", "", "Photos of this job"));
  panels.set(job.id, panel);
  body.append(panel);
  // The gallery shows a stored photo by itself; the card learns of it from the uploader's client.
  void customElements.whenDefined("windlass-uploader").then(() => {
    let listed = 0;
    const look = () => {
      listed = uploader.uploads.length;
      count(job, uploader);
      remember(job, uploader);
    };
    for (const type of ["added", "restored", "statechange"]) {
      uploader.client.addEventListener(type, look);
    }
    // No news of the client's: a choice, before the photo is prepared, and a press that takes what has ended off the list.
    // A page that is hidden, as by the camera for the next photo, may be ended.
    const lookAgain = () => uploader.uploads.length !== listed && look();
    uploader.addEventListener("click", lookAgain);
    document.addEventListener("visibilitychange", lookAgain);
  });
  return panel;
}

function forJob(tag, job) {
  const part = document.createElement(tag);
  part.setAttribute("endpoint", endpoint);
  part.setAttribute("project", job.id);
  part.setAttribute("token-url", tokenUrl(job.id));
  return part;
}

function unfinishedJobs() {
  try {
    return new Set(JSON.parse(localStorage.getItem(UNFINISHED) ?? "[]"));
  } catch {
    // Storage is blocked, or something else was written there: photos go on when their job is opened.
    return new Set();
  }
}

function remember(job, uploader) {
  const ids = unfinishedJobs();
  const mayGoOn = ({ ended, state, error }) => !ended || (state === "failed" && !REFUSED.has(error.code));
  const isUnfinished = uploader.uploads.some(mayGoOn) || uploader.client.missing.length > 0;
  ids[isUnfinished ? "add" : "delete"](job.id);
  try {
    localStorage.setItem(UNFINISHED, JSON.stringify([...ids]));
  } catch {
    // As above.
  }
}

function count(job, uploader) {
  const waiting = uploader.uploads.filter((upload) => !upload.ended).length;
  const stored = uploader.uploads.filter((upload) => upload.state === "stored").length;
  const failed = uploader.uploads.filter((upload) => upload.state === "failed").length;
  const missing = uploader.client.missing.length;
  const parts = [];
  if (waiting > 0) {
    parts.push(`${waiting} being sent`);
  }
  if (stored > 0) {
    parts.push(stored === 1 ? "1 photo added" : `${stored} photos added`);
  }
  if (failed > 0) {
    parts.push(`${failed} not sent`);
  }
  if (missing > 0) {
    parts.push(`${missing} to choose again`);
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
