import fc from 'fast-check';
import { EXIT } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { parseVaultUri } from '../../../runtime/store/vault-uri';

describe('the vault on the command line', () => {
  test.each([
    ['s3://acme-vault', 'acme-vault', ''],
    ['s3://acme-vault/', 'acme-vault', ''],
    ['s3://acme.vault.1/team', 'acme.vault.1', 'team/'],
    ['s3://acme-vault/team/orders/', 'acme-vault', 'team/orders/'],
    ["s3://acme-vault/a=b/(c)_d!e*f.g'h", 'acme-vault', "a=b/(c)_d!e*f.g'h/"],
  ])('%s', (uri, bucket, prefix) => {
    expect(parseVaultUri(uri)).toEqual({ bucket, prefix });
  });

  test.each([
    ['', 'it is empty'],
    ['acme-vault', 'only s3:// is known'],
    ['https://acme-vault.s3.amazonaws.com', 'only s3:// is known'],
    ['S3://acme-vault', 'it does not begin with "s3://"'],
    ['s3:acme-vault', 'it does not begin with "s3://"'],
    ['s3://', 'it names no bucket'],
    ['s3:///prefix', 'it names no bucket'],
    ['s3://Acme', '"Acme" cannot be a bucket\'s name'],
    ['s3://ab', '"ab" cannot be a bucket\'s name'],
    ['s3://a..b', '"a..b" cannot be a bucket\'s name'],
    [`s3://${'a'.repeat(64)}`, "cannot be a bucket's name"],
    ['s3://acme-vault//x', 'its prefix has an empty part'],
    ['s3://acme-vault/a//b', 'its prefix has an empty part'],
    ['s3://acme-vault/a/../b', 'its prefix has a part "." or ".."'],
    ['s3://acme-vault/a?b', 'its prefix holds "?"'],
    ['s3://acme-vault/a b', 'its prefix holds " "'],
    ['s3://acme-vault/a\nb', 'its prefix holds "\\n"'],
  ])('%j is refused: %s', (uri, problem) => {
    const error = refusalOf(uri);
    expect(error.message).toContain(`invalid vault "${uri}"`);
    expect(error.message).toContain(problem);
    expect(error.hint).toBeDefined();
    expect([error.code, error.exitCode]).toEqual(['usage', EXIT.usage]);
  });

  test('credentials in it are refused and not repeated', () => {
    const error = refusalOf('s3://AKIA:secret@acme-vault/x');
    expect(error.message).toBe('invalid vault "s3://***@acme-vault/x": it holds more than a bucket and a prefix');
    expect(JSON.stringify([error.message, error.detail, error.hint])).not.toMatch(/secret"|AKIA/);
  });

  test('anything else is understood or refused, never half understood', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        const uri = `s3://vault/${rest}`;
        try {
          const { bucket, prefix } = parseVaultUri(uri);
          expect(`s3://${bucket}/${prefix}`.replace(/\/$/, '')).toBe(uri.replace(/\/$/, ''));
        } catch (error) {
          expect(error).toBeInstanceOf(BackupError);
        }
      }),
    );
  });
});

function refusalOf(uri: string): BackupError {
  try {
    parseVaultUri(uri);
  } catch (error) {
    if (error instanceof BackupError) return error;
  }
  throw new Error(`"${uri}" was not refused`);
}
