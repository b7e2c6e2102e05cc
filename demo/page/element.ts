/// <reference lib="dom" />

/**
 * Finds an element of the page.
 *
 * @param id Its id in index.html.
 * @param kind What it is.
 * @throws {Error} If index.html has none.
 */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} "${id}": index.html and page.js do not fit`);
}
