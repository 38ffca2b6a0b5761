/** Matches a name people see, whatever its case, right where reading is; blanks, dashes and underscores in it are one. */
export function namePattern(name: string): RegExp {
  const words = name.split(' ').map((word) => word.replace(/[+/]/g, String.raw`\$&`));
  return new RegExp(`${words.join(String.raw`[\s_-]+`)}(?![\\w/+])`, 'iy');
}
