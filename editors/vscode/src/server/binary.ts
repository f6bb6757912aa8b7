import { open } from "node:fs/promises";

/** Numbers of processors as ELF has them. */
const ELF_MACHINES: Record<number, string> = { 0x3e: "x64", 0xb7: "arm64" };
const MACH_O = [0xfeedface, 0xfeedfacf, 0xcafebabe];

/** The system that a program is for, as its first bytes say; nothing for scripts and the like. */
export function madeFor(head: Buffer): { platform: string; arch?: string } | undefined {
    if (head.length < 20) {
        return undefined;
    }
    if (head.toString("latin1", 0, 4) === "\x7fELF") {
        return { platform: "linux", arch: ELF_MACHINES[head.readUInt16LE(18)] };
    }
    if (head.toString("latin1", 0, 2) === "MZ") {
        return { platform: "win32" };
    }
    const isMachO = MACH_O.includes(head.readUInt32BE(0)) || MACH_O.includes(head.readUInt32LE(0));
    return isMachO ? { platform: "darwin" } : undefined;
}

/**
 * Whether a file is a program for another system than this one. The error of a start does not
 * tell: where the system refuses a file, C libraries hand it to the shell.
 */
export async function isForeign(path: string): Promise<boolean> {
    const head = Buffer.alloc(20);
    try {
        const file = await open(path);
        try {
            await file.read(head, 0, head.length, 0);
        } finally {
            await file.close();
        }
    } catch {
        return false;
    }
    const made = madeFor(head);
    if (made === undefined) {
        return false;
    }
    return (
        made.platform !== process.platform ||
        (made.arch !== undefined && made.arch !== process.arch)
    );
}
