// A function's process: it loads the asset once, as AWS Lambda does, and calls its handler for each event that it is sent. The time
// that an event may take begins when the asset is loaded, which is told.
'use strict';
const path = require('node:path');

// Lambda does not end while a handler works; this one ends when its parent goes.
process.on('disconnect', () => process.exit());

process.on('message', async ({ id, folder, handler, event, offsetMs, deadlineMs, requestId, functionName }) => {
  globalThis.__moveTime(offsetMs);
  let answer;
  try {
    const [file, name] = handler.split('.');
    const loaded = require(path.join(folder, `${file}.js`));
    process.send({ id, begun: true });
    const endMs = performance.now() + deadlineMs;
    const context = {
      functionName,
      awsRequestId: requestId,
      getRemainingTimeInMillis: () => Math.max(0, endMs - performance.now()),
    };
    const result = await loaded[name](event, context);
    answer = { id, result: result ?? null };
  } catch (error) {
    answer = { id, error: { errorType: error?.name ?? 'Error', errorMessage: String(error?.message ?? error) } };
  }
  // Marks where this event's lines end: the answer comes on another way, and could overtake them.
  process.stdout.write(`\0end ${id}\n`);
  process.stderr.write(`\0end ${id}\n`);
  process.send(answer);
});
