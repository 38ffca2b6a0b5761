/** Text as one word of bash, zsh and fish, which share this form as long as it has no backslash before a quote. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
