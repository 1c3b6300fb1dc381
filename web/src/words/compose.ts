export const en = {
    untitled: "Untitled announcement",
    steps: { label: "Steps", words: "Words", audience: "Audience", send: "Send" },
};

export const fr: typeof en = {
    untitled: "Annonce sans titre",
    steps: { label: "Étapes", words: "Texte", audience: "Destinataires", send: "Envoi" },
};
