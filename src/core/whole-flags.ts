/** A message cut at its flags (`--samples`), which would be broken behind their hyphens: each as `wholeFlag` makes of it. */
export function withWholeFlags<Part>(
  message: string,
  wholeFlag: (flag: string) => Part,
): readonly (Part | string)[] {
  return message.split(/(--[a-z-]+)/).map((part) => (part.startsWith('--') ? wholeFlag(part) : part));
}
