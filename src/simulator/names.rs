//! Names, places and departments for an invented organisation.

/// A country with the names that are usual there.
#[derive(Debug)]
pub struct Place {
    /// The country in English, as the directory keeps it.
    pub country: &'static str,
    /// ISO 3166 code, the `usageLocation`.
    pub code: &'static str,
    /// The `preferredLanguage`.
    pub language: &'static str,
    /// Where the office is.
    pub city: &'static str,
    pub(super) given_names: [&'static str; 10],
    pub(super) surnames: [&'static str; 10],
}

/// The departments.
pub const DEPARTMENTS: [&str; 12] = [
    "Finance",
    "Facilities",
    "Human Resources",
    "Legal",
    "Logistics",
    "Manufacturing",
    "Marketing",
    "Procurement",
    "Quality",
    "Research",
    "Sales",
    "Support",
];

/// What people are, whatever their department.
pub const JOB_TITLES: [&str; 10] = [
    "Analyst",
    "Assistant",
    "Associate",
    "Coordinator",
    "Director",
    "Engineer",
    "Manager",
    "Specialist",
    "Technician",
    "Trainee",
];

/// The countries.
pub const PLACES: [Place; 12] = [
    Place {
        country: "France",
        code: "FR",
        language: "fr-FR",
        city: "Lyon",
        given_names: ["Amélie", "Bastien", "Chloé", "Damien", "Élise", "François", "Hélène", "Jérôme", "Maëlle", "Noé"],
        surnames: [
            "Martin",
            "Lefèvre",
            "Bernard",
            "Moreau",
            "Girard",
            "Dupont",
            "Rousseau",
            "Fontaine",
            "Chevalier",
            "Besson",
        ],
    },
    Place {
        country: "Germany",
        code: "DE",
        language: "de-DE",
        city: "Hamburg",
        given_names: ["Anke", "Björn", "Claudia", "Dieter", "Franziska", "Jörg", "Katrin", "Lukas", "Sören", "Ursula"],
        surnames: [
            "Müller", "Schäfer", "Köhler", "Weber", "Vogel", "Brandt", "Lindner", "Hoffmann", "Krüger", "Sommer",
        ],
    },
    Place {
        country: "Spain",
        code: "ES",
        language: "es-ES",
        city: "Valencia",
        given_names: ["Álvaro", "Begoña", "Carmen", "Diego", "Inés", "Íñigo", "Lucía", "Marta", "Pablo", "Rocío"],
        surnames: [
            "García",
            "Muñoz",
            "Ibáñez",
            "Serrano",
            "Ortega",
            "Navarro",
            "Peña",
            "Vidal",
            "Castillo",
            "Domínguez",
        ],
    },
    Place {
        country: "India",
        code: "IN",
        language: "en-IN",
        city: "Pune",
        given_names: ["Aarav", "Ananya", "Deepa", "Ishaan", "Kavya", "Meera", "Nikhil", "Priya", "Rohan", "Vikram"],
        surnames: ["Sharma", "Patel", "Iyer", "Reddy", "Nair", "Chatterjee", "Desai", "Gupta", "Kulkarni", "Menon"],
    },
    Place {
        country: "Japan",
        code: "JP",
        language: "ja-JP",
        city: "Osaka",
        given_names: ["Akira", "Chiyo", "Daichi", "Emi", "Haruto", "Kenji", "Misaki", "Naoko", "Ren", "Yuki"],
        surnames: ["Sato", "Suzuki", "Takahashi", "Tanaka", "Ito", "Yamamoto", "Kobayashi", "Mori", "Ishikawa", "Ueda"],
    },
    Place {
        country: "Brazil",
        code: "BR",
        language: "pt-BR",
        city: "Curitiba",
        given_names: ["Beatriz", "Caio", "Conceição", "Davi", "Flávia", "João", "Letícia", "Otávio", "Rafael", "Thaís"],
        surnames: [
            "Silva",
            "Santos",
            "Araújo",
            "Gonçalves",
            "Pereira",
            "Almeida",
            "Ribeiro",
            "Falcão",
            "Teixeira",
            "Moraes",
        ],
    },
    Place {
        country: "Nigeria",
        code: "NG",
        language: "en-NG",
        city: "Lagos",
        given_names: [
            "Adaeze",
            "Babatunde",
            "Chidi",
            "Emeka",
            "Folake",
            "Ifeoma",
            "Kelechi",
            "Ngozi",
            "Tunde",
            "Zainab",
        ],
        surnames: ["Adeyemi", "Okafor", "Balogun", "Eze", "Nwosu", "Ogunleye", "Bello", "Obi", "Danjuma", "Afolabi"],
    },
    Place {
        country: "United States",
        code: "US",
        language: "en-US",
        city: "Denver",
        given_names: ["Aisha", "Brandon", "Carlos", "Dakota", "Grace", "Jamal", "Linh", "Morgan", "Olivia", "Tyler"],
        surnames: ["Johnson", "Williams", "Nguyen", "Brooks", "Ramirez", "Cohen", "Begay", "Foster", "Kim", "Turner"],
    },
    Place {
        country: "Poland",
        code: "PL",
        language: "pl-PL",
        city: "Gdańsk",
        given_names: [
            "Agnieszka",
            "Bartosz",
            "Elżbieta",
            "Grzegorz",
            "Jakub",
            "Łukasz",
            "Małgorzata",
            "Paweł",
            "Wiesława",
            "Zofia",
        ],
        surnames: [
            "Nowak",
            "Kowalski",
            "Wiśniewska",
            "Zieliński",
            "Wójcik",
            "Dąbrowska",
            "Lewandowski",
            "Kamiński",
            "Mazur",
            "Król",
        ],
    },
    Place {
        country: "Türkiye",
        code: "TR",
        language: "tr-TR",
        city: "İzmir",
        given_names: ["Ayşe", "Burak", "Çağla", "Deniz", "Elif", "Gökhan", "Mehmet", "Özlem", "Selin", "Tuğba"],
        surnames: ["Yılmaz", "Kaya", "Demir", "Şahin", "Çelik", "Yıldız", "Öztürk", "Aydın", "Arslan", "Doğan"],
    },
    Place {
        country: "Sweden",
        code: "SE",
        language: "sv-SE",
        city: "Malmö",
        given_names: ["Åsa", "Björn", "Elsa", "Göran", "Ingrid", "Lars", "Märta", "Nils", "Sigrid", "Viktor"],
        surnames: [
            "Andersson",
            "Bergström",
            "Dahl",
            "Ekström",
            "Holm",
            "Lindqvist",
            "Nyström",
            "Sjöberg",
            "Wallin",
            "Åkesson",
        ],
    },
    Place {
        country: "Vietnam",
        code: "VN",
        language: "vi-VN",
        city: "Da Nang",
        given_names: ["An", "Bao", "Chi", "Duc", "Giang", "Hoa", "Khanh", "Mai", "Quan", "Thao"],
        surnames: ["Nguyen", "Tran", "Le", "Pham", "Hoang", "Vu", "Dang", "Bui", "Do", "Ngo"],
    },
];

/// A name as it stands in an address: lower case, without marks.
pub fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|character| match character {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => Some('a'),
            'ç' | 'ć' => Some('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' => Some('e'),
            'ğ' => Some('g'),
            'ì' | 'í' | 'î' | 'ï' | 'ı' => Some('i'),
            'ł' => Some('l'),
            'ñ' | 'ń' => Some('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => Some('o'),
            'ś' | 'ş' => Some('s'),
            'ù' | 'ú' | 'û' | 'ü' => Some('u'),
            'ź' | 'ż' => Some('z'),
            _ if character.is_ascii_alphanumeric() => Some(character),
            _ => None,
        })
        .collect()
}
