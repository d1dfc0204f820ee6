import { element, setHidden } from "./dom.js";
import { icon } from "./icons.js";

/** The notices of a call that goes on, one line each. */
export class Notices {
  root = element("div", "micdrop-notices", { hidden: "", role: "status", "data-testid": "notices" });
  #drawn = "";

  /** @param {readonly {code: string, words: string}[]} notices */
  update(notices) {
    const drawn = JSON.stringify(notices);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    setHidden(this.root, notices.length === 0);
    this.root.replaceChildren(
      ...notices.map(({ code, words }) =>
        element("p", "micdrop-notice", { "data-notice": code }, [icon("warning"), element("span", "", {}, [words])]),
      ),
    );
  }
}
