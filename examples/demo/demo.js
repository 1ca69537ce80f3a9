// The page works without this script: the elements find the service and each other by themselves. It
// only says when the network is gone, because people look at the page before they look at their phone.

const line = document.querySelector("#connection");
const usual = line?.textContent ?? "";

function showConnection() {
  if (line) {
    line.textContent = navigator.onLine ? usual : "No network. Uploads continue by themselves when it is back.";
  }
}

addEventListener("online", showConnection);
addEventListener("offline", showConnection);
showConnection();
