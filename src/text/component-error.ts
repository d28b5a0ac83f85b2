// The message for a part of a tokenizer.json whose type s2s does not know.

/** A zod error setting that names the unknown type of a part and the types that would do. */
export function namedError(part: string, supported: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => {
      const type = (input as { type?: unknown } | null | undefined)?.type;
      return `the ${part} type ${JSON.stringify(type)} is not supported; supported are ${supported}`;
    },
  };
}
