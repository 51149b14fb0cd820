/** Percent encoding as Signature Version 4 wants it: everything but letters, digits and `-._~`. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The same, with `/` left as it is: for paths. */
export function uriEncodePath(path: string): string {
  return path.split('/').map(uriEncode).join('/');
}
