/** The kinds of fault there are. */

/** What goes wrong. "before": nothing was done; "after": it was done, only the caller does not learn it. */
export type Fault =
  /** An error answer, for example `{ code: 'SlowDown' }`; the status is S3's for that code unless given. */
  | { kind: 'error'; code: string; status?: number; message?: string; when?: 'before' | 'after' }
  /** Status 200 with an error document as its body, as CompleteMultipartUpload and CopyObject may answer. Nothing was done. */
  | { kind: 'error-in-success'; code: string; message?: string }
  /** The connection is cut: before the request is read, after so many bytes of its body, or after the work is done. */
  | { kind: 'drop'; when: 'before' | 'after' | { bodyBytes: number } }
  /** No answer for a time, or (without `forMs`) until the client gives up. */
  | { kind: 'stall'; forMs?: number; when?: 'before' | 'after' }
  /** A GET that ends after so many bytes; `quietly` with a Content-Length that fits the shorter body. */
  | { kind: 'truncate'; afterBytes: number; quietly?: true }
  /** A GET with one bit flipped in the byte at this offset of the answer. */
  | { kind: 'corrupt'; offset: number }
  /** Something else happens first, for example the object is replaced between a HEAD and a GET. */
  | { kind: 'interfere'; act: () => Promise<void> };
