import { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from '../../../model';

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
/** A certificate is renewed in about this time by those who do it by hand. */
const WARNED_DAYS = 30;
const DAY_MS = 86_400_000;

/** Certificates in a value: PEM, by itself or in the fields of a JSON object. What only looks like one is passed over. */
export function certificatesIn(value: Buffer): CertificateFacts[] {
  return textsIn(value.toString('utf8')).flatMap((text) => (text.match(PEM) ?? []).flatMap(factsOf));
}

/** What a person should know of them, by now. */
export function certificateWarnings(name: string, certificates: readonly CertificateFacts[], now: Date): string[] {
  return certificates.flatMap(({ subject, notAfter }) => {
    const leftMs = Date.parse(notAfter) - now.getTime();
    if (leftMs > WARNED_DAYS * DAY_MS) return [];
    const when = leftMs < 0 ? 'expired' : `expires in ${Math.floor(leftMs / DAY_MS)} days,`;
    return [`${name}: the certificate of ${subject} ${when} ${notAfter.slice(0, 10)}`];
  });
}

function textsIn(text: string): string[] {
  try {
    const document = JSON.parse(text) as unknown;
    const fields = typeof document === 'object' && document !== null ? Object.values(document) : [];
    return fields.filter((field) => typeof field === 'string');
  } catch {
    return [text]; // Most secrets are no JSON.
  }
}

function factsOf(pem: string): CertificateFacts[] {
  try {
    const { subject, validTo } = new X509Certificate(pem);
    return [{ subject: (subject ?? '').replaceAll('\n', ', '), notAfter: new Date(validTo).toISOString() }];
  } catch {
    return []; // It looks like one and is none: it is backed up like any other text.
  }
}
