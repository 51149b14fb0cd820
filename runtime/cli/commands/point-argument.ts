import { Argument, type Command } from 'commander';
import { pointName } from '../options/values';

const DESCRIPTION = 'id of a recovery point, as `info` lists them, or "latest"';

/** `<point>`: an id or `latest`. */
export function addPointArgument(command: Command): void {
  command.addArgument(new Argument('<point>', DESCRIPTION).argParser(pointName));
}

/** `[point]`. */
export function addOptionalPointArgument(command: Command): void {
  command.addArgument(new Argument('[point]', DESCRIPTION).argParser(pointName));
}
