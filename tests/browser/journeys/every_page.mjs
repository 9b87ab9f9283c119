// Every page, light and dark, wide and narrow: it is accessible, fits the window, and its layout does not shift.
import { everyPage } from "../pages.mjs";

export default async function (visitor) {
  for (const [name, path] of Object.entries(await everyPage(visitor.address))) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await visitor.open(path, { colorScheme });
      await visitor.checkLayoutShift(page, `${name}, ${colorScheme}`);
      await visitor.checkAccessibility(page, `${name}, ${colorScheme}`);
      await page.context().close();
    }
    for (const width of [360, 1920, 3840]) {
      const page = await visitor.open(path, { viewport: { width, height: 800 } });
      await visitor.checkWidth(page, `${name}, ${width} pixels`);
      await page.context().close();
    }
  }
  // The missing page is requested on purpose.
  visitor.problems = visitor.problems.filter((problem) => !problem.includes("status of 404"));
}
