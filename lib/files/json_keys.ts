/**
 * Finds a key that an object of a JSON text names twice.
 *
 * `JSON.parse` keeps the last of two equal keys and says nothing, so that two
 * readers could see two different files in the same bytes.
 *
 * @param json Valid JSON: parse it first.
 * @returns The first repeated key, or undefined when every key is there once.
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = []; // the keys of each object we are inside of
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const begin = i++;
      while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
      if (!isKey(json, i + 1)) continue;
      // Parsed, because "a" and "\u0061" are the same key.
      const key = JSON.parse(json.slice(begin, i + 1)) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Whether the string that ends before this position is followed by a colon. */
function isKey(json: string, position: number): boolean {
  while (" \t\r\n".includes(json[position] ?? "x")) position++;
  return json[position] === ":";
}
