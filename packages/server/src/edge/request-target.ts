/**
 * Path and query of a request, from `Request.url`. The runtime writes the `Host` before them where that is a host name, and
 * leaves it out where it is none or missing; so whatever a client sends as its host, it cannot move what is read as the path.
 */
export function requestTarget(url: string): string {
  if (url.startsWith('/')) return url;
  const path = url.indexOf('/', url.indexOf('://') + 3);
  return path < 0 ? '/' : url.slice(path);
}
