/**
 * Imported first by every script here, so that an old Node gets a sentence and not a stack trace. Must itself run on
 * any Node that knows modules: no newer syntax.
 */
const NODE_MAJOR_MIN = 20;

const major = Number(process.versions.node.split('.')[0]);
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(
    `listenpost needs Node ${NODE_MAJOR_MIN} or newer; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and try again.\n`,
  );
  process.exit(1);
}
