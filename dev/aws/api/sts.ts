/** https://docs.aws.amazon.com/STS/latest/APIReference/ Everybody may ask who they are. */
import { iamArn, type Account } from '../account';
import type { Operations } from './operation';

export function stsApi(account: Account): Operations {
  return {
    GetCallerIdentity: async (_request, principal) => {
      const name = principal.kind === 'role' ? principal.role.name : 'administrator';
      const Arn =
        principal.kind === 'role'
          ? `arn:aws:sts::${account.id}:assumed-role/${name}/stand-in`
          : iamArn(account, `user/${name}`);
      return { Account: account.id, UserId: `AROASTANDIN:${name}`, Arn };
    },
  };
}
