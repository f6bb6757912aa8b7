//! Prompts of the kind that people write for support, each with one sentence that decides the
//! answer.

/// A prompt with rules, a question and the beginning of the reply.
pub struct KeyPrompt {
    /// The system message; the sentence that decides the answer stands between `«` and `»`.
    pub system: &'static str,
    /// The user's message.
    pub user: &'static str,
    /// The beginning of the assistant's reply.
    pub prefill: &'static str,
    /// The answer.
    pub expect: &'static str,
}

impl KeyPrompt {
    /// Returns the prompt as a dotprompt file, and the sentence that decides the answer.
    pub fn file(&self) -> (String, &'static str) {
        let (_, rest) = self.system.split_once('«').unwrap();
        let (key, _) = rest.split_once('»').unwrap();
        let system = self.system.replace(['«', '»'], "");
        let text = format!(
            "---\nhoplens.cases: [{{expect: \" {}\"}}]\n---\n{{{{role \"system\"}}}}\n{system}\n\
             {{{{role \"user\"}}}}\n{}\n{{{{role \"model\"}}}}\n{}",
            self.expect, self.user, self.prefill
        );
        (text, key)
    }
}

pub const PROMPTS: [KeyPrompt; 20] = [
    KeyPrompt {
        system: "You are the assistant of Alder Books, a shop for used books.\n\n\
                 - Be polite and brief.\n- «Customers can return a book within 45 days.»\n\
                 - Shipping inside the country is free.\n- Never promise a discount.\n\
                 - If you do not know the answer, say so.",
        user: "How long do I have to send a book back?",
        prefill: "You can return it within",
        expect: "45 days",
    },
    KeyPrompt {
        system: "You answer questions about the Lindgren Hotel. The hotel has eighty rooms and a \
                 garden. Breakfast is served in the hall. «Check-out is at 11 a.m. on every \
                 day.» Pets are welcome. Answer in one sentence.",
        user: "When do I have to leave my room?",
        prefill: "Check-out is at",
        expect: "11 a.m",
    },
    KeyPrompt {
        system: "# Role\n\nYou help the customers of Nordwind Airlines.\n\n# Rules\n\n\
                 1. Greet the customer.\n2. «The hand luggage may weigh 8 kg.»\n\
                 3. Bicycles have to be registered.\n4. Do not discuss other airlines.\n\
                 5. Answer in English.",
        user: "How heavy may my hand luggage be?",
        prefill: "Your hand luggage may weigh up to",
        expect: "8 kg",
    },
    KeyPrompt {
        system: "You work for the help desk of a university. Students write to you about their \
                 accounts. Stay friendly, even if they are angry. «Passwords are reset at the \
                 desk in room 214.» The library has its own accounts. Do not ask for passwords.",
        user: "I forgot my password. Where can I reset it?",
        prefill: "You can reset your password at the desk in room",
        expect: "214",
    },
    KeyPrompt {
        system: "You are a support agent of Brightline Internet.\n\n\
                 - Keep the tone warm.\n- Use short sentences.\n- A new router costs nothing.\n\
                 - «To restart the router, hold the blue button.»\n\
                 - Technicians come on weekdays.\n- Do not give legal advice.",
        user: "My connection is slow. How do I restart the router?",
        prefill: "To restart the router, hold the",
        expect: "blue button",
    },
    KeyPrompt {
        system: "<role>\nYou answer for the town library.\n</role>\n<rules>\n\
                 Do not recommend shops. Say hello first. «A lost card costs 7 euros.» Children \
                 borrow for free. The reading room is quiet.\n</rules>",
        user: "I lost my library card. What does a new one cost?",
        prefill: "A new card costs",
        expect: "7 euros",
    },
    KeyPrompt {
        system: "You are a cooking assistant. Give exact amounts. Use metric units. «The dough \
                 rests for 90 minutes.» The oven is preheated to 220 degrees. Do not mention \
                 brands.",
        user: "How long does the dough rest?",
        prefill: "The dough rests for",
        expect: "90 minutes",
    },
    KeyPrompt {
        system: "You support the users of Papertrail, an app for notes.\n\n## Facts\n\n\
                 - Notes are saved at once.\n- The app works without a network.\n\
                 - «The free plan has 3 notebooks.»\n- Themes can be changed in the settings.\n\n\
                 ## Style\n\n- No jargon.\n- No more than two sentences.",
        user: "How many notebooks do I get for free?",
        prefill: "The free plan has",
        expect: "3 notebooks",
    },
    KeyPrompt {
        system: "You are the voice of the city museum. «The museum is closed on Mondays.» \
                 Guided tours begin in the entrance hall. Photographs are allowed. Speak to \
                 children and adults alike. Do not talk about politics.",
        user: "On which day is the museum closed?",
        prefill: "The museum is closed on",
        expect: "Mondays",
    },
    KeyPrompt {
        system: "You route messages for a software company.\n\nBe neutral.\nDo not apologise.\n\
                 Bugs go to the team that wrote the code.\n«Invoices are handled by Marta.»\n\
                 Praise goes to everybody.\nAnswer with one sentence.",
        user: "Who handles my invoice?",
        prefill: "Invoices are handled by",
        expect: "Marta",
    },
    KeyPrompt {
        system: "You are a nurse on the phone line of a clinic. Listen first. Never give a \
                 diagnosis. «Test results arrive after 4 days.» Visitors may come in the \
                 afternoon. In an emergency, name the emergency number.",
        user: "When will my test results arrive?",
        prefill: "Your test results arrive after",
        expect: "4 days",
    },
    KeyPrompt {
        system: "You help the guests of a campsite.\n\n* Fires are allowed at the lake.\n\
                 * Dogs stay on the leash.\n* «The gate code is 5829.»\n* The kiosk sells bread.\n\
                 * Be cheerful.",
        user: "What is the code of the gate?",
        prefill: "The code of the gate is",
        expect: "5829",
    },
    KeyPrompt {
        system: "You are the assistant of a bank. Do not give advice about investments. \
                 «Transfers to other banks cost 2 dollars.» Cards are sent by mail. The app \
                 shows all payments. Remain formal.",
        user: "What does a transfer to another bank cost?",
        prefill: "A transfer to another bank costs",
        expect: "2 dollars",
    },
    KeyPrompt {
        system: "You answer questions of new employees at a factory. Use simple words. The \
                 canteen opens at noon. Lockers are on the ground floor. «Safety shoes are \
                 stored in hall B.» Holidays are planned in January.",
        user: "Where are the safety shoes stored?",
        prefill: "Safety shoes are stored in hall",
        expect: "B",
    },
    KeyPrompt {
        system: "# Support of Greenlawn\n\nGreenlawn sells robots that mow.\n\n\
                 | part | guarantee |\n|---|---|\n| blade | none |\n\
                 «| battery | 36 months |»\n| wheels | 12 months |\n\nAnswer briefly.",
        user: "How long is the guarantee of the battery?",
        prefill: "The guarantee of the battery is",
        expect: "36 months",
    },
    KeyPrompt {
        system: "You are a guide in a national park. Warn people about the weather. «The trail to \
                 the waterfall takes 3 hours.» Bears live in the north. Maps are free. Do not \
                 exaggerate.",
        user: "How long does it take to walk to the waterfall?",
        prefill: "The trail to the waterfall takes",
        expect: "3 hours",
    },
    KeyPrompt {
        system: "You help with a course on painting.\n\n- Praise the effort.\n\
                 - Lessons are recorded.\n- «The teacher of the course is Mr. Okafor.»\n\
                 - Brushes are included.\n- Do not judge.",
        user: "Who teaches the course?",
        prefill: "The teacher of the course is",
        expect: "Mr. Okafor",
    },
    KeyPrompt {
        system: "You are the booking assistant of a theatre. The play lasts two hours. Drinks \
                 are sold in the break. «Students pay 9 dollars for a ticket.» The doors close \
                 when the play begins. Never reveal the end.",
        user: "I am a student. What does a ticket cost?",
        prefill: "A ticket for students costs",
        expect: "9 dollars",
    },
    KeyPrompt {
        system: "You work for a garage. Speak plainly. Winter tyres are stored for free. «Oil is \
                 changed every 15,000 miles.» The waiting room has coffee. Estimates are \
                 binding. Do not sell what is not needed.",
        user: "How often should the oil be changed?",
        prefill: "The oil should be changed every",
        expect: "15,000 miles",
    },
    KeyPrompt {
        system: "You are the assistant of a language school.\n\nRules:\n- Correct mistakes \
                 gently.\n- Lessons can be moved.\n- «The school's colour is purple.»\n\
                 - Homework is optional.\n- Keep to the topic.",
        user: "What is the colour of the school?",
        prefill: "The school's colour is",
        expect: "purple",
    },
];
