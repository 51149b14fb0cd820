/** What every command that makes recovery points can be told of them: one wording, one meaning. */
import { Setting } from './setting';
import { moment, retentionClass, wholeNumber } from './values';

export function classOption(): Setting {
  return new Setting(
    '--class <class>',
    'retention class: hourly, daily, weekly, monthly, yearly, pre-deployment or manual',
  )
    .argParser(retentionClass)
    .default('manual')
    .fromEnvironment('class');
}

export function scheduledAtOption(): Setting {
  return new Setting(
    '--scheduled-at <time>',
    'time of the schedule, ISO 8601 with zone; of two runs for one time the later is skipped, unless the first failed: then it\n' +
      'is repeated',
  )
    .argParser(moment)
    .fromEnvironment('scheduledAt');
}

export function compressionLevelOption(): Setting {
  return new Setting('--compression-level <n>', 'zstd level, 1 (fast) to 19 (small)')
    .argParser(wholeNumber(1, 19))
    .default(1)
    .fromEnvironment('compressionLevel');
}
