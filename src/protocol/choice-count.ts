/** What a field such as `n` asks for; 1 when it is absent or no whole number above 0, which is the server's to refuse. Many take "3" for 3. */
export function countedChoices(n: unknown): number {
  const count = typeof n === 'string' && /^\d+$/.test(n) ? Number(n) : n;
  return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : 1;
}

/** How many inputs a field holds that takes a text, a list of token ids, or a list of either. */
export function countedInputs(input: unknown): number {
  if (!Array.isArray(input) || input.length === 0 || typeof input[0] === 'number') return 1;
  return input.length;
}
