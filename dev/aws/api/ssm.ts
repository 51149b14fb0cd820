/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/ */
import type { Parameter, Parameters } from '../services/parameters';
import { ServiceError } from '../services/service-error';
import { optionalText, textOf, type Operations } from './operation';

const MOST_AT_ONCE = 10;
/** https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const MOST_BYTES = { Standard: 4096, Advanced: 8192 };
const TYPES = ['String', 'StringList', 'SecureString'] as const;

export function ssmApi(parameters: Parameters): Operations {
  const shown = ({ name, type, value, version }: Parameter) => ({
    ARN: parameters.arn(name),
    Name: name,
    Type: type,
    Value: value,
    Version: version,
    DataType: 'text',
  });
  return {
    GetParameter: async (request, principal) => ({
      Parameter: shown(await parameters.read(principal, textOf(request, 'Name'))),
    }),
    GetParametersByPath: async (request, principal) => {
      const depth = request.Recursive === true ? 'all' : 'direct';
      const all = await parameters.readPath(principal, textOf(request, 'Path'), depth);
      const from = Number(optionalText(request, 'NextToken') ?? 0);
      const to = from + Math.min(Number(request.MaxResults ?? MOST_AT_ONCE), MOST_AT_ONCE);
      return { Parameters: all.slice(from, to).map(shown), ...(to < all.length ? { NextToken: String(to) } : {}) };
    },
    PutParameter: async (request, principal) => {
      const type = TYPES.find((one) => one === (request.Type ?? 'String'));
      if (type === undefined) throw new ServiceError('UnsupportedParameterType', `Type is ${String(request.Type)}`);
      const Tier = request.Tier === 'Advanced' ? 'Advanced' : 'Standard';
      const value = textOf(request, 'Value');
      if (Buffer.byteLength(value) > MOST_BYTES[Tier]) {
        throw new ServiceError(
          'ValidationException',
          `${Tier} tier parameters support a value of ${MOST_BYTES[Tier]}.`,
        );
      }
      const { version } = await parameters.write(principal, {
        name: textOf(request, 'Name'),
        value,
        type,
        keyArn: optionalText(request, 'KeyId'),
      });
      return { Version: version, Tier };
    },
  };
}
