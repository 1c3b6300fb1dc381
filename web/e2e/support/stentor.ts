/** The real program beside a simulated Teams: two processes in a directory of their own, with a Postgres of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PEOPLE, type RoleName } from "./people";

const PROGRAM = resolve(process.env.STENTOR_BIN ?? "../target/debug/stentor");
/** How long something may take that usually takes a second or two, in milliseconds: two cores may be busy elsewhere. */
const PATIENCE = 60_000;

export interface House {
    people: number;
    /** More arguments of `stentor simulate`. */
    simulated?: string[];
    /** Settings of Stentor, as its environment variables: `STENTOR__RIGHTS__APPROVE_ABOVE`. */
    settings?: Record<string, string>;
}

export class Stentor {
    private constructor(
        /** Where a browser finds it. */
        readonly url: string,
        private readonly directory: string,
        private readonly environment: NodeJS.ProcessEnv,
        private readonly teams: ChildProcess,
        private program: ChildProcess,
    ) {}

    static async start(house: House): Promise<Stentor> {
        const directory = await mkdtemp(join(tmpdir(), "stentor-page-"));
        // Run by root, Postgres is another user, who must get through to its files.
        await chmod(directory, 0o711);
        const port = await freePort();
        const environment = {
            ...process.env,
            STENTOR__HTTP__LISTEN: `127.0.0.1:${port}`,
            STENTOR__LOG__FILTER: "warn",
            ...house.settings,
        };
        const simulated = ["simulate", "--people", `${house.people}`, "--listen", "127.0.0.1:0"];
        const teams = await begin([...simulated, ...(house.simulated ?? [])], directory, process.env, "simulate");
        const settings = await until("the simulated Teams", async () => {
            const told = await readFile(join(directory, "simulate.out"), "utf8");
            return told.includes("bot_url") ? told : undefined;
        });
        await writeFile(join(directory, "stentor.toml"), settings);
        const program = await begin(["run"], directory, environment, "run");
        const stentor = new Stentor(`http://localhost:${port}`, directory, environment, teams, program);
        try {
            await stentor.answers();
        } catch (error) {
            await stentor.stop();
            throw error;
        }
        return stentor;
    }

    /** Ends the program, as an administrator would; the simulated Teams stays. */
    async shutDown() {
        await end(this.program);
    }

    /** Starts it again at the same address. */
    async startAgain() {
        this.program = await begin(["run"], this.directory, this.environment, "run");
        await this.answers();
    }

    /** What Teams gives to the tab of whoever has this role. */
    async teamsToken(role: RoleName): Promise<string> {
        const settings = await readFile(join(this.directory, "stentor.toml"), "utf8");
        const simulator = new URL(/bot_url = "([^"]+)"/.exec(settings)?.[1] ?? "").origin;
        const asked = await fetch(`${simulator}/_simulator/roles`);
        const people = (await asked.json()) as { name: string; principal_name: string }[];
        const person = people.find(({ name }) => name.startsWith(PEOPLE[role]))?.principal_name;
        const lent = await fetch(`${simulator}/_simulator/teams_token`, {
            method: "POST",
            body: JSON.stringify({ person }),
        });
        return ((await lent.json()) as { token: string }).token;
    }

    async stop() {
        await end(this.program);
        await end(this.teams);
        await rm(this.directory, { recursive: true, force: true });
    }

    private async answers() {
        await until("Stentor", async () => {
            if (this.program.exitCode !== null)
                throw new Error(await readFile(join(this.directory, "run.err"), "utf8"));
            const ready = await fetch(`${this.url}/readyz`).catch(() => undefined);
            if (!ready?.ok) return undefined;
            // Where people sign in is asked of Entra at the first request, which may take longer than it waits.
            const door = await fetch(`${this.url}/sign-in`, { redirect: "manual" });
            return door.status < 400 || undefined;
        });
    }
}

async function begin(args: string[], directory: string, env: NodeJS.ProcessEnv, name: string): Promise<ChildProcess> {
    const out = await open(join(directory, `${name}.out`), "w");
    const err = await open(join(directory, `${name}.err`), "a");
    const child = spawn(PROGRAM, args, { cwd: directory, env, stdio: ["ignore", out.fd, err.fd] });
    await new Promise((begun, failed) => child.once("spawn", begun).once("error", failed));
    await Promise.all([out.close(), err.close()]);
    return child;
}

async function end(child: ChildProcess) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((ended) => child.once("exit", ended));
    child.kill("SIGTERM");
    await gone;
}

async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    await new Promise((closed) => server.close(closed));
    if (address === null || typeof address === "string") throw new Error("no port is free");
    return address.port;
}

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const late = Date.now() + PATIENCE;
    while (Date.now() < late) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        await new Promise((passed) => setTimeout(passed, 100));
    }
    throw new Error(`${what} did not answer within ${PATIENCE / 1000} s`);
}
