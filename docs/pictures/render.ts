/** Draws every `.dot` file of this folder as the `.svg` beside it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { instance } from "@viz-js/viz";

/** The pictures of this folder: path of the SVG and the text it must hold. */
export async function pictures(): Promise<{ file: string; svg: string }[]> {
  const viz = await instance();
  return readdirSync(__dirname)
    .filter((name) => name.endsWith(".dot"))
    .map((name) => ({
      file: path.join(__dirname, name.replace(/\.dot$/, ".svg")),
      svg: viz.renderString(readFileSync(path.join(__dirname, name), "utf8"), { format: "svg" }),
    }));
}

if (require.main === module) {
  void pictures().then((drawn) => {
    for (const { file, svg } of drawn) writeFileSync(file, svg);
  });
}
