// node run.mjs JOURNEY ADDRESS BROWSER: runs one journey through the pages of a running server.
import { Visitor } from "./harness.mjs";

const [name, address, browser] = process.argv.slice(2);
const { default: journey } = await import(`./journeys/${name}.mjs`);
const visitor = await Visitor.at(address, browser);
try {
  await journey(visitor);
  await visitor.finish();
} catch (error) {
  console.error(`${name}: ${error.stack ?? error}`);
  for (const problem of visitor.problems) console.error(problem);
  await visitor.browser.close();
  process.exit(1);
}
