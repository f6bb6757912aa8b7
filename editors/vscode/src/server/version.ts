/** A version of hoplens as `hoplens --version` says it; nothing where something else said it. */
export function parseVersion(output: string): string | undefined {
    return /^hoplens (\d+\.\d+\.\d+\S*)/m.exec(output)?.[1];
}

/**
 * Whether a server of one version and an extension of another understand each other: before 1.0
 * the minor version tells, afterwards the major one.
 */
export function fits(server: string, extension: string): boolean {
    const [serverMajor, serverMinor] = numbers(server);
    const [major, minor] = numbers(extension);
    return serverMajor === major && (major > 0 || serverMinor === minor);
}

function numbers(version: string): [number, number] {
    const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
    return [major, minor];
}
