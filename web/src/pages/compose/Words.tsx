import { useDraft } from "./draft";
import { Preview } from "./Preview";

export function Words() {
    const { manuscript } = useDraft();
    return <Preview manuscript={manuscript} />;
}
