/** Where moto 5.2 is known not to do what the S3 documentation says: the title of the check, and what moto does instead. */
const KEEPS_ONLY_ASKED = 'tells a checksum only when the request named its algorithm besides';
const VERIFIES_NOTHING = 'stores the bytes whatever digest came with them';
const NO_COMPLETE_CHECKSUM = 'completes without telling a checksum of the whole';

export const MOTO_DEVIATIONS: Readonly<Record<string, string>> = {
  // objects
  'keys are byte-exact, whatever they hold': 'answers some keys with an HTML page',
  'a key longer than 1,024 bytes is refused': 'stores it (counts characters)',
  'an ETag outweighs a date': 'lets the date decide as well',
  'a reader can ask for other headers': 'ignores the parameters',
  'a copy can depend on what its source is': 'ignores x-amz-copy-source-if-match',
  // checksums
  'CRC32 is kept and told': KEEPS_ONLY_ASKED,
  'CRC32C is kept and told': KEEPS_ONLY_ASKED,
  'CRC64NVME is kept and told': KEEPS_ONLY_ASKED,
  'SHA1 is kept and told': KEEPS_ONLY_ASKED,
  'SHA256 is kept and told': KEEPS_ONLY_ASKED,
  'a wrong CRC32 is refused and nothing is stored': VERIFIES_NOTHING,
  'a wrong CRC32C is refused and nothing is stored': VERIFIES_NOTHING,
  'a wrong CRC64NVME is refused and nothing is stored': VERIFIES_NOTHING,
  'a wrong SHA1 is refused and nothing is stored': VERIFIES_NOTHING,
  'a wrong SHA256 is refused and nothing is stored': VERIFIES_NOTHING,
  'a wrong Content-MD5 is refused': VERIFIES_NOTHING,
  'the checksum type is told': 'does not tell it',
  'without a checksum S3 computes CRC64NVME': 'computes none',
  'GetObjectAttributes of a plain object': 'sends a date that the client refuses (5.2.1), and no checksum type',
  // multipart
  'one part can be read by its number': 'sends the whole object',
  'composite CRC32': NO_COMPLETE_CHECKSUM,
  'composite CRC32C': NO_COMPLETE_CHECKSUM,
  'composite SHA1': NO_COMPLETE_CHECKSUM,
  'composite SHA256': NO_COMPLETE_CHECKSUM,
  'the CRC-32 of the full object is that of its bytes': NO_COMPLETE_CHECKSUM,
  'the CRC32C of the full object equals that of one PUT': NO_COMPLETE_CHECKSUM,
  'the CRC64NVME of the full object equals that of one PUT': NO_COMPLETE_CHECKSUM,
  'a wrong CRC-32 of the full object is refused, and the upload can still be completed': VERIFIES_NOTHING,
  'a wrong size of the whole is refused': 'ignores x-amz-mp-object-size',
  'a wrong checksum of a part is refused': VERIFIES_NOTHING,
  'a part with another algorithm than the upload is refused': 'stores it',
  'a composite upload needs the checksum of each part': 'completes without',
  'SHA-256 has no full-object form': 'begins the upload',
  'parts have to be named in order': 'sorts them',
  'an upload that was given up or never begun is not there': 'answers a part of it with an HTML page',
  'an upload can be completed once': 'completes it again',
  'parts are listed page by page': 'leaves the checksums out',
  'uploads in progress are listed': 'ignores the delimiter',
  'GetObjectAttributes tells the parts of a composite object':
    'sends a date that the client refuses (5.2.1), and no parts',
  // versions
  'a deletion sets a marker; deleting the marker brings the object back': 'does not say that a marker was deleted',
  'a delete marker cannot be read': 'answers NoSuchVersion',
  'suspended versioning writes over the null version only': 'forgets the versions from before',
  'compliance cannot be bypassed, shortened or weakened': 'lets it be shortened',
  'a lock needs a bucket with Object Lock, and its versioning stays': 'suspends the versioning',
  // listing
  'V1: every page size shows everything once, in byte order': 'does not count common prefixes',
  'V2: a foreign continuation token is refused': 'takes it for a key',
  'no page has more than a thousand, and a page of none is empty': 'tells the number that was asked for',
  'a negative page size is refused': 'answers with an HTML page',
  // buckets
  'a bucket with a delete marker in it is not empty': 'removes it',
  'a name that breaks the naming rules is refused': 'makes the bucket',
  'a policy that is no JSON is refused': 'stores it',
  'default encryption is AES256 until it is set': 'has none',
};
