// Looks at a page as its readers do: node page.mjs MODULES CHROMIUM PAGE SHOTS
//
// Light and dark, on a phone and on a desk. Says what is wrong, a line each, and exits 1; leaves a picture of every look.
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, chromiumPath, page, shots] = process.argv.slice(2);
const require = createRequire(path.join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const problems = [];
const grounds = new Map();
const profile = mkdtempSync(path.join(tmpdir(), "goldpath-page-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: chromiumPath,
  bypassCSP: true, // only for the judge's own script; the page itself has none
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    const tab = await browser.newPage();
    const look = `${colorScheme}, ${width} wide`;
    await tab.emulateMedia({ colorScheme });
    await tab.setViewportSize({ width, height: 900 });
    tab.on("request", (request) => {
      if (!request.url().startsWith("file:")) problems.push(`${look}: asks for ${request.url()}`);
    });
    tab.on("console", (message) => {
      if (message.type() === "error") problems.push(`${look}: ${message.text()}`);
    });
    await tab.goto(pathToFileURL(page).href);
    // Everything that can be opened is opened, so that all of it is looked at.
    for (const section of await tab.locator("details").all()) {
      if ((await section.getAttribute("open")) === null) await section.locator("summary").click();
    }
    if (await tab.locator("details:not([open])").count()) problems.push(`${look}: a section does not open`);
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) problems.push(`${look}: ${overflow} pixels wider than the screen`);
    if (await tab.evaluate(() => document.querySelectorAll("script, link, img, iframe, object").length)) {
      problems.push(`${look}: has something that would be loaded or run`);
    }
    const text = await tab.evaluate(() => document.body.innerText);
    for (const wanted of ["of 100", "To mend", "How the scores come about"]) {
      if (!text.includes(wanted)) problems.push(`${look}: does not say "${wanted}"`);
    }
    grounds.set(colorScheme, await tab.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await tab.screenshot({ path: path.join(shots, `${colorScheme}-${width}.png`), fullPage: true });
    await tab.evaluate(axe);
    const { violations } = await tab.evaluate(() => globalThis.axe.run(document));
    for (const { id, help, nodes } of violations) problems.push(`${look}: ${id}: ${help}: ${nodes[0].target.join(" ")}`);
    await tab.close();
  }
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
if (grounds.get("light") === grounds.get("dark")) problems.push("dark looks like light");
for (const problem of problems) console.log(problem);
process.exit(problems.length ? 1 : 0);
