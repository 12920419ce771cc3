//! The documented shapes, as types that refuse every other: the parser names line and column itself.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
};

use crate::domain::catalogue::Shape;

/// Whether JSON has this shape.
pub(super) fn check(text: &str, shape: Shape) -> serde_json::Result<()> {
    match shape {
        Shape::Any | Shape::JsonOrText => Ok(()),
        Shape::Object => serde_json::from_str::<Object<IgnoredAny>>(text).map(drop),
        Shape::Strings | Shape::Ids => serde_json::from_str::<Strings>(text).map(drop),
        // Old rows hold an array.
        Shape::Videos if text.trim_start().starts_with('[') => serde_json::from_str::<Strings>(text).map(drop),
        Shape::Videos => serde_json::from_str::<Object<Url>>(text).map(drop),
        Shape::Scores => serde_json::from_str::<Object<Score>>(text).map(drop),
        Shape::Domains => serde_json::from_str::<Vec<Domain>>(text).map(drop),
        Shape::Milestones => serde_json::from_str::<Vec<Milestone>>(text).map(drop),
    }
}

/// A type that takes what its visitor takes, and keeps nothing.
macro_rules! shape {
    ($name:ident, $expecting:literal, { $($methods:item)* }) => {
        struct $name;

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Taken;
                impl<'de> Visitor<'de> for Taken {
                    type Value = ();

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    $($methods)*
                }
                deserializer.deserialize_any(Taken).map(|()| Self)
            }
        }
    };
}

shape!(Text, "a string", {
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
});

shape!(Url, "a URL or null", {
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
});

shape!(Id, "an id", {
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
});

shape!(Number, "a number", {
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
});

shape!(Score, "0 to 100", {
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if number <= 100 { Ok(()) } else { Err(E::invalid_value(Unexpected::Unsigned(number), &self)) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        Err(E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if (0.0..=100.0).contains(&number) { Ok(()) } else { Err(E::invalid_value(Unexpected::Float(number), &self)) }
    }
});

shape!(Strings, "an array of strings", {
    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while all.next_element::<Text>()?.is_some() {}
        Ok(())
    }
});

/// An object whose values are all of one shape.
struct Object<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taken<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Taken<T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
                while all.next_entry::<IgnoredAny, T>()?.is_some() {}
                Ok(())
            }
        }
        deserializer.deserialize_map(Taken(std::marker::PhantomData::<T>)).map(|()| Self(std::marker::PhantomData))
    }
}

#[derive(Deserialize)]
struct Domain {
    #[serde(rename = "name")]
    _name: Text,
    #[serde(rename = "weight")]
    _weight: Number,
}

#[derive(Deserialize)]
struct Milestone {
    #[serde(rename = "id")]
    _id: Id,
    #[serde(rename = "title")]
    _title: Text,
    #[serde(rename = "questionIds")]
    _questions: Strings,
    #[serde(rename = "estimatedHours")]
    _hours: Number,
}
