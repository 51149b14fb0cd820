/** What an operation answers. It is sent only afterwards, so that a fault can lose it between the work and the client. */
import { writeXml, type XmlValue } from './xml/write';

/** Headers that are undefined are left out. */
export type Headers = Record<string, string | number | undefined>;

export interface Answer {
  status: number;
  headers: Headers;
  /** The bytes of an object are streamed; their length is in the headers. */
  body?: Buffer | AsyncIterable<Buffer>;
  /** Of an answer that is an error. */
  errorCode?: string;
}

export function emptyAnswer(status: number, headers: Headers = {}): Answer {
  return { status, headers };
}

export function xmlAnswer(
  root: string,
  children: { [name: string]: XmlValue | XmlValue[] },
  headers: Headers = {},
): Answer {
  return textAnswer(writeXml(root, children), { 'content-type': 'application/xml', ...headers });
}

export function textAnswer(text: string, headers: Headers): Answer {
  const body = Buffer.from(text);
  return { status: 200, headers: { 'content-length': body.length, ...headers }, body };
}
