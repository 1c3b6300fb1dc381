/** The drafts and broadcasts of a view, page by page, as fresh as the server tells. */

import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { api, data } from "../../api/client";
import { keys } from "../../api/queries";
import { useProgressOfAll } from "../../api/stream";
import type { BroadcastProgress, BroadcastState } from "../../api/types";
import { joined, type Page, VIEWS, type View, whereabouts, withNews } from "./views";

const LIMIT = 50;

export function useListed(view: View, title: string) {
    const cache = useQueryClient();
    const seen = useRef<string | undefined>(undefined);
    const hear = useCallback(
        (news: BroadcastProgress[]) => {
            cache.setQueriesData<InfiniteData<Page>>({ queryKey: [...keys.broadcasts(), "list"] }, (list) =>
                list ? { ...list, pages: withNews(list.pages, news) } : list,
            );
            const now = whereabouts(news);
            if (seen.current !== undefined && seen.current !== now)
                void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            seen.current = now;
        },
        [cache],
    );
    useProgressOfAll(hear);
    return useInfiniteQuery({
        queryKey: [...keys.broadcasts(), "list", { view, title }],
        initialPageParam: undefined as string | undefined,
        placeholderData: keepPreviousData,
        queryFn: async ({ pageParam, signal }) => {
            const states: readonly (BroadcastState | undefined)[] = VIEWS[view].length > 0 ? VIEWS[view] : [undefined];
            const ask = (state: BroadcastState | undefined) => {
                const query = { state, title: title || undefined, after: pageParam, limit: LIMIT };
                return data(api.GET("/api/v1/broadcasts", { params: { query }, signal }));
            };
            return joined(await Promise.all(states.map(ask)), LIMIT);
        },
        getNextPageParam: (page) => page.next,
    });
}
