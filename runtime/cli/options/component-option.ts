import type { Command } from 'commander';
import type { Component } from '../../../model';
import { POINT_COMPONENTS } from '../../components/registry';
import { Setting } from './setting';
import { oneOf } from './values';

export interface ComponentOption {
  readonly component: Component;
}

/** Which component's recovery points a command is about. */
export function addComponentOption(command: Command): void {
  command.addOption(
    new Setting('--component <name>', `whose recovery points: ${POINT_COMPONENTS.join(', ')}`)
      .argParser(oneOf(POINT_COMPONENTS))
      .default('dump'),
  );
}
