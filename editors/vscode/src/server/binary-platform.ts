import { open } from "node:fs/promises";

/** `e_machine` of ELF files. */
const ELF_MACHINES: Record<number, string> = { 0x3e: "x64", 0xb7: "arm64" };
const MACH_O_MAGIC = [0xfeedface, 0xfeedfacf, 0xcafebabe];
const HEADER_BYTES = 20;

/** Detects the platform of a binary by its first 20 bytes; `undefined` for scripts and the like. */
export function detectPlatform(header: Buffer): { platform: string; arch?: string } | undefined {
    if (header.length < HEADER_BYTES) {
        return undefined;
    }
    if (header.toString("latin1", 0, 4) === "\x7fELF") {
        return { platform: "linux", arch: ELF_MACHINES[header.readUInt16LE(18)] };
    }
    if (header.toString("latin1", 0, 2) === "MZ") {
        return { platform: "win32" };
    }
    const magic = [header.readUInt32BE(0), header.readUInt32LE(0)];
    return magic.some((number) => MACH_O_MAGIC.includes(number))
        ? { platform: "darwin" }
        : undefined;
}

/**
 * Whether a file is a binary for another platform than this one. The error code of a failed start
 * does not say so: some C libraries pass such a file to the shell instead.
 */
export async function isForeignBinary(path: string): Promise<boolean> {
    const header = Buffer.alloc(HEADER_BYTES);
    try {
        const file = await open(path);
        try {
            await file.read(header, 0, header.length, 0);
        } finally {
            await file.close();
        }
    } catch {
        return false;
    }
    const found = detectPlatform(header);
    if (found === undefined) {
        return false;
    }
    return (
        found.platform !== process.platform ||
        (found.arch !== undefined && found.arch !== process.arch)
    );
}
