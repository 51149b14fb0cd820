#!/usr/bin/env node
/** The program: runs the command line with everything real, and sees to it that the process ends with what happened. */
import { openConsole } from './console';
import { endingCodeOf } from './ending-code';
import { guardEnding } from './guard-ending';
import { runProgram } from './program';
import { realDependencies } from './real-dependencies';

// Which Node is good enough is this package's to say (engines); the SDK's advice would stand above every answer.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const argv = process.argv.slice(2);
const ending = guardEnding(process, (error) => output.error(error), endingCodeOf(argv));
const dependencies = realDependencies(ending.exit);
const output = openConsole(argv, dependencies.host);

// Node writes a warning in several lines, which a task's log takes for several events.
process.removeAllListeners('warning');
process.on('warning', (warning) => output.reporter.warn(`${warning.name}: ${warning.message}`));

runProgram(argv, dependencies, output).then(ending.end, ending.fail);
