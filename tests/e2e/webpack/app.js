/** An application's own page: the elements and a client of its own, imported as any package is. */
import { Windlass } from "windlass";
import "windlass/elements";

/** Puts an uploader and a gallery of a project into the page. */
window.start = ({ endpoint, project, token }) => {
  const client = new Windlass({ endpoint, project, token: () => token });
  for (const name of ["windlass-uploader", "windlass-gallery"]) {
    const element = document.createElement(name);
    element.client = client;
    document.body.append(element);
  }
};
