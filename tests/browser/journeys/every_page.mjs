// Every page, light and dark, wide and narrow: accessible, nothing sticks out or jumps, nothing is asked of anybody else.
import { everyPage } from "../pages.mjs";

export default async function (visitor) {
  for (const [name, path] of Object.entries(await everyPage(visitor.address))) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await visitor.open(path, { colorScheme });
      await visitor.stands(page, `${name}, ${colorScheme}`);
      await visitor.judge(page, `${name}, ${colorScheme}`);
      await page.context().close();
    }
    for (const width of [360, 1920, 3840]) {
      const page = await visitor.open(path, { viewport: { width, height: 800 } });
      await visitor.fits(page, `${name}, ${width} pixels`);
      await page.context().close();
    }
  }
  // The page of what is not there is an error on purpose.
  visitor.problems = visitor.problems.filter((problem) => !problem.includes("status of 404"));
}
