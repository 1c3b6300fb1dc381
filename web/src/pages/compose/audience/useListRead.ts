/** What the server reads in a list, as it is. */

import { useQuery } from "@tanstack/react-query";
import { api, data, sending } from "../../../api/client";
import type { ListRead } from "../../../api/types";
import { digest } from "./digest";

type Bytes = Uint8Array<ArrayBuffer>;

/** Files have no short name, and never change once they are read. */
const numbers = new WeakMap<Bytes, number>();
let last = 0;

function nameOf(list: string | Bytes): string | number {
    if (typeof list === "string") return digest(list);
    const known = numbers.get(list);
    if (known !== undefined) return known;
    last += 1;
    numbers.set(list, last);
    return last;
}

export function useListRead(list: string | Bytes) {
    const isEmpty = typeof list === "string" ? list.trim() === "" : list.length === 0;
    return useQuery({
        queryKey: ["list-read", nameOf(list)],
        enabled: !isEmpty,
        gcTime: 0,
        queryFn: ({ signal }): Promise<ListRead> =>
            data(
                api.POST("/api/v1/audiences/read-list", {
                    body: list as string,
                    // As it is: a file is not always UTF-8, and the server finds out what it is.
                    bodySerializer: (body: unknown) => body as string,
                    headers: { "Content-Type": "text/plain" },
                    signal,
                    ...sending(list.length),
                }),
            ),
    });
}
