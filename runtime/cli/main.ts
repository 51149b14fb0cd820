#!/usr/bin/env node
/** The program: runs the command line with everything real, and sees to it that the process ends with what happened. */
import { openConsole } from './console';
import { guardEnding } from './guard-ending';
import { runProgram } from './program';
import { realDependencies } from './real-dependencies';

const argv = process.argv.slice(2);
const ending = guardEnding(process, (error) => openConsole(argv, dependencies.host).error(error));
const dependencies = realDependencies(ending.exit);

runProgram(argv, dependencies).then(ending.end, ending.fail);
