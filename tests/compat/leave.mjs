/**
 * Has a connection of a connector close. It takes the connector a second to look whether requests are pending; the process
 * ends once all have closed, and no test waits for one.
 */
export function leave(connection) {
  connection.disconnect().catch((error) => {
    process.exitCode = 1;
    process.stderr.write(`a connector could not disconnect: ${error.message}\n`);
  });
}
