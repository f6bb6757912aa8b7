/** Parses the output of `hoplens --version`; `undefined` for the output of any other program. */
export function parseVersion(output: string): string | undefined {
    return /^hoplens (\d+\.\d+\.\d+\S*)/m.exec(output)?.[1];
}

/**
 * Whether server and extension of these versions work together: the major versions must be equal,
 * and before 1.0 the minor versions too.
 */
export function isCompatible(server: string, extension: string): boolean {
    const [serverMajor, serverMinor] = majorAndMinor(server);
    const [major, minor] = majorAndMinor(extension);
    return serverMajor === major && (major > 0 || serverMinor === minor);
}

function majorAndMinor(version: string): [number, number] {
    const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
    return [major, minor];
}
